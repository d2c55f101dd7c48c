"""Dependencies of routes: the app's context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.deps import (
    Admin,
    Chain,
    Crew,
    Lang,
    Manager,
    Myself,
    OwnFollower,
    Staff,
    Worker,
    context_of,
)
from services.notifications.context import Context

__all__ = [
    "Admin",
    "Chain",
    "Crew",
    "Ctx",
    "Decider",
    "Lang",
    "Manager",
    "Myself",
    "OwnFollower",
    "Staff",
    "Worker",
    "desks_of",
    "operator_of",
]

#: Of the desk's settings what people alone decide; the rule of each says who.
Decider = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN))]
Ctx = Annotated[Context, Depends(context_of(Context))]


def desks_of(caller: Principal, desk: str | None = None) -> frozenset[str] | None:
    """Return the desks that the caller may see, of these the one that is asked for; None means all."""
    if desk is not None:
        return frozenset({desk}) if caller.may_see(desk) else frozenset()
    return None if caller.sees_all_desks else caller.desks


def operator_of(caller: Principal) -> str | None:
    """Return the `sub` of a caller who sees only their own leads (P.6); None for those who see whole desks."""
    return None if caller.sees_whole_desks else caller.sub
