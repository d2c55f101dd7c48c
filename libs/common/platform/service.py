"""A service as its `app.py` declares it, and its commands: `python -m services.<name> <command>`."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import asyncpg

from libs.common.contracts import EventData
from libs.common.messaging.inbox import Subscriptions
from libs.common.messaging.inbox.incoming import heeds_all
from libs.common.messaging.inbox.intervals import USUAL, ConsumerIntervals
from libs.common.platform.audit.sweep import keep_audit
from libs.common.platform.core import Core, Telemetry, open_core
from libs.common.platform.db.migrations import migrate
from libs.common.platform.garbage import calm_collector
from libs.common.platform.http.problems import ErrorTable
from libs.common.platform.sealing.keeper import SealedColumn, keep_sealed, require_keys, rotate
from libs.common.platform.sealing.keys import MissingKeyError
from libs.common.platform.settings import ServiceSettings, SettingsError
from libs.common.platform.telemetry.logs import configure_logging, get_logger
from libs.common.platform.worker import Loop

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api

COMMANDS = ("api", "worker", "migrate", "rotate-keys", "all")

log = get_logger(__name__)


class HasCore(Protocol):
    """A service's context: its own members and the technical core."""

    @property
    def core(self) -> Core: ...


S = TypeVar("S", bound=ServiceSettings)
C = TypeVar("C", bound=HasCore)


@dataclass(frozen=True, kw_only=True)
class Service(Generic[S, C]):
    """The declaration of a service.

    `context` opens the use cases' context around the core, once per process. `topics` are those that it reads,
    `consuming` how hastily, `heeds` which of their payloads say anything to it. `api` imports what the HTTP process
    serves, which no worker needs: it takes half a second and 20 MB. `loops` run in the worker beside relay and
    consumer. `migrations` is its alembic folder.
    `sealed` are its columns with secrets. `audited`: it gives customers' data out, and who reads them is logged.
    """

    name: str
    title: str
    settings: type[S]
    context: Callable[[Core, S], AbstractAsyncContextManager[C]]
    migrations: Path
    topics: Sequence[str]
    subscriptions: Callable[[C], Subscriptions]
    api: "Callable[[], Api]"
    loops: Callable[[C], Sequence[Loop]] = field(default=lambda _: ())
    consuming: ConsumerIntervals = USUAL
    heeds: Callable[[EventData], bool] = heeds_all
    errors: ErrorTable = field(default_factory=dict)
    sealed: Sequence[SealedColumn] = ()
    audited: bool = False

    @asynccontextmanager
    async def open_context(self, settings: S, telemetry: Telemetry | None = None) -> AsyncIterator[C]:
        """Open core and context for the block.

        Raises UnreachableError when the database cannot be reached, SettingsError or MissingKeyError when a key of
        stored secrets is not given.
        """
        async with open_core(self.name, settings, telemetry) as core:
            if self.sealed:
                await require_keys(self.sealed, core.db, core.keys)
            async with self.context(core, settings) as ctx:
                yield ctx

    async def run_worker(self, settings: S, stop: asyncio.Event) -> None:
        """Run relay, consumer and loops until `stop` is set."""
        from libs.common.platform.worker.runtime import Worker

        async with self.open_context(settings) as ctx:
            worker = Worker(
                ctx.core,
                topics=self.topics,
                subscriptions=self.subscriptions(ctx),
                loops=self._loops(ctx),
                consuming=self.consuming,
                heeds=self.heeds,
            )
            await worker.run(stop)

    async def rotate_keys(self, settings: S) -> int:
        """Seal all stored secrets with the first key; return how many were not."""
        async with open_core(self.name, settings) as core:
            if not self.sealed:
                return 0
            await require_keys(self.sealed, core.db, core.keys)
            return await rotate(self.sealed, core.db, core.keys)

    def _loops(self, ctx: C) -> Sequence[Loop]:
        async def sealing(stop: asyncio.Event) -> None:
            await keep_sealed(self.sealed, ctx.core.db, ctx.core.keys, stop)

        async def audit(stop: asyncio.Event) -> None:
            await keep_audit(ctx.core.db, ctx.core.settings.audit_days, stop)

        own = ((sealing, self.sealed), (audit, self.audited))
        return [*self.loops(ctx), *(loop for loop, is_wanted in own if is_wanted)]


def run(service: Service[S, C], argv: Sequence[str]) -> int:
    """Run one command to its end and return the exit code: 0 done, 1 cannot run, 2 wrong use."""
    if len(argv) != 1 or argv[0] not in COMMANDS:
        sys.stderr.write(f"usage: python -m services.{service.name} {'|'.join(COMMANDS)}\n")
        return 2
    try:
        settings = service.settings.load()
        if argv[0] in {"api", "all"}:
            _ = settings.token_keys
    except SettingsError as error:
        sys.stderr.write(f"{service.name}: {error}\n")
        return 1
    configure_logging(service.name, settings.log_level)
    if ignored := service.settings.ignored():
        log.warning("ignored settings of an earlier release", keys=ignored)
    calm_collector()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(service, settings, argv[0]))
    except* (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SettingsError, MissingKeyError) as group:
        log.exception("cannot run", command=argv[0], reasons=[str(error) for error in group.exceptions])
        failed = True
    else:
        failed = False
    return int(failed)


async def _run(service: Service[S, C], settings: S, command: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if command in {"migrate", "all"}:
        await migrate(service.name, settings.postgres_dsn, service.migrations)
    if command == "rotate-keys":
        print(f"{await service.rotate_keys(settings)} secrets sealed anew")  # noqa: T201 - the command's answer
    async with asyncio.TaskGroup() as group:
        if command in {"api", "all"}:
            from libs.common.platform.http.assembly import serve_api

            group.create_task(_to_the_end(serve_api(service, settings, stop), stop))
        if command in {"worker", "all"}:
            group.create_task(_to_the_end(service.run_worker(settings, stop), stop))


async def _to_the_end(part: Awaitable[None], stop: asyncio.Event) -> None:
    try:
        await part
    finally:
        stop.set()  # when one part ends, the process ends


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
