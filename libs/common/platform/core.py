"""The core that every use case of a service may need, opened and closed in one place."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry

from libs.common.platform.clock import Clock, SharedClock, SystemClock
from libs.common.platform.db import Database, DatabaseConfig
from libs.common.platform.sealing import DataKeys
from libs.common.platform.settings import ServiceSettings
from libs.common.platform.telemetry.logs import configure_logging
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing


@dataclass(frozen=True)
class Core:
    """The technical half of a service's context; its own `Context` holds one."""

    service: str
    settings: ServiceSettings
    db: Database
    clock: Clock
    tracing: Tracing
    metrics: CollectorRegistry

    @property
    def keys(self) -> DataKeys:
        """The keys of stored secrets. Raises SettingsError when none are given."""
        return self.settings.keys


@dataclass(frozen=True, slots=True)
class Telemetry:
    """A service's tracer and metrics; an API makes them before its context, for its middleware."""

    tracing: Tracing
    metrics: CollectorRegistry

    @classmethod
    def of(cls, service: str, settings: ServiceSettings) -> Self:
        """Return tracer and metrics by the settings."""
        return cls(Tracing(service, settings.otlp_endpoint), new_registry())


@asynccontextmanager
async def open_core(
    service: str, settings: ServiceSettings, telemetry: Telemetry | None = None
) -> AsyncIterator[Core]:
    """Open logs, tracer, clock and pools for the block, and close them.

    Raises UnreachableError when the database cannot be reached.
    """
    configure_logging(service, settings.log_level)
    async with AsyncExitStack() as stack:
        telemetry = telemetry or Telemetry.of(service, settings)
        stack.callback(telemetry.tracing.shutdown)
        telemetry.tracing.activate()
        clock = SharedClock(settings.clock_file) if settings.clock_file else SystemClock()
        if isinstance(clock, SharedClock):
            stack.callback(clock.close)
        db = await Database.connect(database_config(service, settings))
        stack.push_async_callback(db.close)
        yield Core(service, settings, db, clock, telemetry.tracing, telemetry.metrics)


def database_config(service: str, settings: ServiceSettings) -> DatabaseConfig:
    """Return the database of the settings."""
    return DatabaseConfig(
        url=settings.postgres_dsn,
        schema=service,
        # The release before calls itself `dozvon-…`, which is how it is seen to run still (sealing.keeper).
        application=f"dozvon/{service}" + (f"-{settings.instance}" if settings.instance else ""),
        pool_size=settings.pool_size,
        read_pool_size=settings.read_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
        idle_in_transaction_timeout_ms=settings.idle_in_transaction_timeout_ms,
    )
