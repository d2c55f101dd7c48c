"""Settings of the tasks service."""

from typing import Annotated

from pydantic import Field

from libs.common.platform.settings import ServiceSettings


class TasksSettings(ServiceSettings, env_prefix="TASKS_"):
    """Settings of tasks beside those of every service."""

    timer_batch: Annotated[int, Field(ge=1, le=1000)] = 100
    """Timers fired in one transaction."""
    timer_rate: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Timers fired per second at most, so that a backlog after an outage does not flood other services."""
