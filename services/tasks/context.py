"""The context of the use cases of tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from libs.common.platform.core import Core
from libs.common.platform.db import Database
from services.tasks.live.hub import TaskHub
from services.tasks.metrics import Metrics
from services.tasks.playbooks.cache import PlaybookCache
from services.tasks.queues.cache import QueueCache
from services.tasks.settings import TasksSettings


@dataclass(frozen=True)
class Context:
    """The technical core, the service's settings, compiled playbooks and their queues, metrics and live changes."""

    core: Core
    settings: TasksSettings
    playbooks: PlaybookCache
    queues: QueueCache
    metrics: Metrics
    live: TaskHub

    @classmethod
    def of(cls, core: Core, settings: TasksSettings) -> Self:
        playbooks = PlaybookCache()
        live = TaskHub(core.db, playbooks, core.clock.now)
        return cls(core, settings, playbooks, QueueCache(playbooks), Metrics.on(core.metrics), live)

    @property
    def db(self) -> Database:
        return self.core.db

    def now(self) -> datetime:
        """Return the current business time in UTC."""
        return self.core.clock.now()


@asynccontextmanager
async def open_context(core: Core, settings: TasksSettings) -> AsyncIterator[Context]:
    """Open a process's context; after the block it looks for changes no more."""
    ctx = Context.of(core, settings)
    try:
        yield ctx
    finally:
        await ctx.live.close()
