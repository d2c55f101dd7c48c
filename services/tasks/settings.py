"""Settings of the tasks service."""

from typing import Annotated

from pydantic import Field

from libs.common.platform.settings import ServiceSettings


class TasksSettings(ServiceSettings, env_prefix="TASKS_"):
    """What tasks adds to the settings of every service."""

    timer_batch: Annotated[int, Field(ge=1, le=1000)] = 100
    """Timers fired in one transaction."""
    timer_rate: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Timers fired per second at most: what an outage left behind must not flood those who follow."""
