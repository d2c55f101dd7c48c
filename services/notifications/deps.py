"""What routes need of the running app: its context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.deps import Admin, Chain, Lang, Manager, Staff, context_of
from services.notifications.context import Context

__all__ = ["Admin", "Chain", "Ctx", "Lang", "Manager", "Staff", "desks_of", "operator_of"]

Ctx = Annotated[Context, Depends(context_of(Context))]


def desks_of(caller: Principal) -> frozenset[str] | None:
    """Return the desks whose rows exist for the caller; None means all."""
    return None if caller.sees_all_desks else caller.desks


def operator_of(caller: Principal) -> str | None:
    """Return whose own work alone the caller may see (P.6); None for those who see whole desks."""
    return None if caller.sees_all_desks or caller.has(Role.SUPERVISOR) else caller.sub
