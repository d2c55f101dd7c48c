"""Dependencies of routes: the app's context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.deps import Admin, Chain, Lang, Manager, Staff, context_of
from services.notifications.context import Context

__all__ = ["Admin", "Chain", "Ctx", "Lang", "Manager", "Staff", "desks_of", "operator_of"]

Ctx = Annotated[Context, Depends(context_of(Context))]


def desks_of(caller: Principal, desk: str | None = None) -> frozenset[str] | None:
    """Return the desks that the caller may see, of these the one that is asked for; None means all."""
    if desk is not None:
        return frozenset({desk}) if caller.may_see(desk) else frozenset()
    return None if caller.sees_all_desks else caller.desks


def operator_of(caller: Principal) -> str | None:
    """Return the `sub` of a caller who sees only their own leads (P.6); None for those who see whole desks."""
    return None if caller.has(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE) else caller.sub
