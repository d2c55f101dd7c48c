"""The context of intake's use cases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from prometheus_client import Counter

from libs.common.connect.egress import Egress
from libs.common.connect.transport import Transport
from libs.common.platform.core import Core
from services.intake.deliveries.batch import Acceptance
from services.intake.settings import IntakeSettings
from services.intake.sources.cache import SourceCache

EXPORT_TIMEOUT = 30.0  # seconds
MAX_EXPORT = 16 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Context:
    """The core, the cached sources, the batches, the counter of deliveries, and the transport to exchanges."""

    core: Core
    sources: SourceCache
    acceptance: Acceptance
    deliveries: Counter
    settings: IntakeSettings
    transport: Transport
    exports: Transport  # for answers that are long and take their time
    due: asyncio.Event = field(
        default_factory=asyncio.Event
    )  # set when this process has a new call: wakes the sender
    placing: asyncio.Event = field(default_factory=asyncio.Event)  # the same of orders that are made at a school

    @classmethod
    def of(cls, core: Core, settings: IntakeSettings) -> Self:
        acceptance = Acceptance(core.db, settings.accept_queue, settings.accept_batch)
        outcomes = ("disposition", "reason")
        deliveries = Counter(
            "intake_deliveries", "Deliveries by what became of them", outcomes, registry=core.metrics
        )
        transport = Transport(Egress(settings.egress_allow), settings.call_timeout)
        exports = Transport(Egress(settings.egress_allow), EXPORT_TIMEOUT, max_body=MAX_EXPORT)
        return cls(core, SourceCache(core.db, core.keys), acceptance, deliveries, settings, transport, exports)


@asynccontextmanager
async def open_context(core: Core, settings: IntakeSettings) -> AsyncIterator[Context]:
    """Open a process's context; at the end, waiting deliveries are stored first."""
    ctx = Context.of(core, settings)
    try:
        yield ctx
    finally:
        await ctx.acceptance.drain()
        await ctx.transport.close()
        await ctx.exports.close()
