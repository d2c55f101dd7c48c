"""The context of the use cases of tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from libs.common.platform.core import Core
from libs.common.platform.db import Database
from services.tasks.metrics import Metrics
from services.tasks.playbooks.cache import PlaybookCache
from services.tasks.settings import TasksSettings


@dataclass(frozen=True)
class Context:
    """The technical core, the service's settings, compiled playbooks and metrics."""

    core: Core
    settings: TasksSettings
    playbooks: PlaybookCache
    metrics: Metrics

    @classmethod
    def of(cls, core: Core, settings: TasksSettings) -> Self:
        return cls(core, settings, PlaybookCache(), Metrics.on(core.metrics))

    @property
    def db(self) -> Database:
        return self.core.db

    def now(self) -> datetime:
        """Return the current business time in UTC."""
        return self.core.clock.now()


@asynccontextmanager
async def open_context(core: Core, settings: TasksSettings) -> AsyncIterator[Context]:
    """Open a process's context; it holds nothing that must be closed."""
    yield Context.of(core, settings)
