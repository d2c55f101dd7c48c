"""What the use cases of assignment work with."""

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
        """Return the context around a core."""
        return cls(core, settings, Metrics(core.metrics))

    @property
    def db(self) -> Database:
        """Return the service's pools."""
        return self.core.db

    def now(self) -> datetime:
        """Return the present business moment in UTC."""
        return self.core.clock.now()


@asynccontextmanager
async def open_context(core: Core, settings: AssignmentSettings) -> AsyncIterator[Context]:
    """Open a process's context; nothing of it needs to be closed."""
    yield Context.of(core, settings)
