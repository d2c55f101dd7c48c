"""A service of its own for tests of `platform.service`: `python -m tests.bus.tiny_service api|worker|all`."""

import asyncio
import sys
from pathlib import Path

from fastapi import FastAPI

from libs.common.platform.http.app import create_app
from libs.common.platform.service import Service, run
from libs.common.platform.settings import ServiceSettings


class TinySettings(ServiceSettings, env_prefix="TINY_"):
    """Nothing of its own."""


def create_api(settings: TinySettings) -> FastAPI:
    return create_app(service="tiny", title="Tiny", routers=[])


async def run_worker(settings: TinySettings, stop: asyncio.Event) -> None:
    say("runs")
    await stop.wait()
    say("finished")


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    service = Service("tiny", TinySettings, create_api, run_worker, Path(__file__).parent)
    raise SystemExit(run(service, sys.argv[1:]))
