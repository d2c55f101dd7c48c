"""The smallest service, for tests of `platform.service`: `python -m tests.platform.tiny_service <command>`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from libs.common.platform.core import Core
from libs.common.platform.http.assembly import Api
from libs.common.platform.service import Service, run
from libs.common.platform.settings import ServiceSettings
from libs.common.platform.worker import Loop


class TinySettings(ServiceSettings, env_prefix="TINY_"):
    """Nothing of its own."""


@dataclass(frozen=True)
class Context:
    core: Core


@asynccontextmanager
async def open_context(core: Core, settings: TinySettings) -> AsyncIterator[Context]:
    yield Context(core)


def loops(ctx: Context) -> Sequence[Loop]:
    async def speaking(stop: asyncio.Event) -> None:
        say("runs")
        await stop.wait()
        say("finished")

    return [speaking]


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


SERVICE = Service(
    name="tiny",
    title="Tiny",
    settings=TinySettings,
    context=open_context,
    migrations=Path(__file__).parents[1] / "messaging" / "migrations",
    topics=("tiny",),
    subscriptions=lambda _: {},
    api=lambda: Api(routers=()),
    loops=loops,
)

if __name__ == "__main__":
    raise SystemExit(run(SERVICE, sys.argv[1:]))
