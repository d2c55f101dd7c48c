"""Settings of the assignment service."""

from typing import Annotated

from pydantic import Field

from libs.common.platform.settings import ServiceSettings


class AssignmentSettings(ServiceSettings, env_prefix="ASSIGNMENT_"):
    """Settings of assignment beside those of every service."""

    default_capacity: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    """Open tasks that an operator may have by default."""
    event_candidates: Annotated[int, Field(ge=1, le=200)] = 5
    """Candidates in an event at most; the decision's row has all of them."""
