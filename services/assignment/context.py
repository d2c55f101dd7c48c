"""What the use cases of assignment work with."""

from dataclasses import dataclass
from datetime import datetime

from libs.common.platform.core import Core
from libs.common.platform.db import Database
from services.assignment.metrics import Metrics
from services.assignment.settings import AssignmentSettings


@dataclass(frozen=True)
class Context:
    """The technical core with the service's own settings and metrics; opened once in `app.py`."""

    core: Core
    settings: AssignmentSettings
    metrics: Metrics

    @property
    def db(self) -> Database:
        """Return the service's pools."""
        return self.core.db

    def now(self) -> datetime:
        """Return the present business moment in UTC."""
        return self.core.clock.now()
