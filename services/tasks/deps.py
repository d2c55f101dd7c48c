"""Dependencies of routes: the context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.deps import (
    Admin,
    Chain,
    Crew,
    Follower,
    Lang,
    Manager,
    Overseer,
    Staff,
    Worker,
    context_of,
)
from services.tasks.context import Context

__all__ = ["Admin", "Chain", "Crew", "Ctx", "Follower", "Lang", "Manager", "Overseer", "Staff", "Taker", "Worker"]

Ctx = Annotated[Context, Depends(context_of(Context))]
#: Who claims work for themselves.
Taker = Annotated[Principal, Depends(require(work=[Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN]))]
