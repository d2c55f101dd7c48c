"""Settings of the assignment service."""

from typing import Annotated

from pydantic import Field

from libs.common.platform.settings import ServiceSettings


class AssignmentSettings(ServiceSettings, env_prefix="ASSIGNMENT_"):
    """What assignment adds to the settings of every service."""

    default_capacity: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Open tasks that an operator may have when nothing else is said."""
    event_candidates: Annotated[int, Field(ge=1, le=200)] = 20
    """Candidates that an event carries; the decision's row keeps all of them."""
