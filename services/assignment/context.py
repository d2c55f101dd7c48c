"""The context of the use cases of assignment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from libs.common.platform.core import Core
from libs.common.platform.db import Database
from services.assignment.metrics import Metrics
from services.assignment.settings import AssignmentSettings


@dataclass(frozen=True)
class Context:
    """The technical core with the service's own settings and metrics."""

    core: Core
    settings: AssignmentSettings
    metrics: Metrics

    @classmethod
    def of(cls, core: Core, settings: AssignmentSettings) -> Self:
        return cls(core, settings, Metrics(core.metrics))

    @property
    def db(self) -> Database:
        return self.core.db

    def now(self) -> datetime:
        """Return the current business time in UTC."""
        return self.core.clock.now()


@asynccontextmanager
async def open_context(core: Core, settings: AssignmentSettings) -> AsyncIterator[Context]:
    """Open a process's context; it holds nothing that must be closed."""
    yield Context.of(core, settings)
