"""How a service is started: `python -m services.<name> api|worker|migrate|all`."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import asyncpg
from fastapi import FastAPI

from libs.common.platform.db.migrations import migrate
from libs.common.platform.garbage import calm_collector
from libs.common.platform.http.app import begin_shutdown
from libs.common.platform.serving import serve
from libs.common.platform.settings import ServiceSettings, SettingsError
from libs.common.platform.telemetry.logs import configure_logging, get_logger

COMMANDS = ("api", "worker", "migrate", "all")

S = TypeVar("S", bound=ServiceSettings)

log = get_logger(__name__)


@dataclass(frozen=True)
class Service(Generic[S]):
    """One service as its `app.py` declares it. `migrations` is its alembic folder."""

    name: str
    settings: type[S]
    create_api: Callable[[S], FastAPI]
    run_worker: Callable[[S, asyncio.Event], Awaitable[None]]
    migrations: Path


def run(service: Service[S], argv: Sequence[str]) -> int:
    """Run one command to its end and return the exit code: 0 done, 1 cannot run, 2 wrong use."""
    if len(argv) != 1 or argv[0] not in COMMANDS:
        sys.stderr.write(f"usage: python -m services.{service.name} {'|'.join(COMMANDS)}\n")
        return 2
    try:
        settings = service.settings.load()
    except SettingsError as error:
        sys.stderr.write(f"{service.name}: {error}\n")
        return 1
    configure_logging(service.name, settings.log_level)
    calm_collector()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(service, settings, argv[0]))
    except* (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as group:
        log.exception("cannot run", command=argv[0], reasons=[str(error) for error in group.exceptions])
        failed = True
    else:
        failed = False
    return int(failed)


async def _run(service: Service[S], settings: S, command: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if command in {"migrate", "all"}:
        await migrate(service.name, settings.postgres_dsn)
    async with asyncio.TaskGroup() as group:
        if command in {"api", "all"}:
            api = service.create_api(settings)
            serving = serve(api, settings.host, settings.port, stop, on_stop=lambda: begin_shutdown(api))
            group.create_task(_to_the_end(serving, stop))
        if command in {"worker", "all"}:
            group.create_task(_to_the_end(service.run_worker(settings, stop), stop))


async def _to_the_end(part: Awaitable[None], stop: asyncio.Event) -> None:
    try:
        await part
    finally:
        stop.set()  # the parts of one process live and die together


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
