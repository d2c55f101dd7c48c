"""Dependencies of routes: the context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.deps import Admin, Chain, Lang, Manager, Myself, Overseer, Staff, context_of
from services.assignment.context import Context

__all__ = ["Admin", "Attendant", "Chain", "Ctx", "Lang", "Manager", "Myself", "Overseer", "People", "Staff"]

Ctx = Annotated[Context, Depends(context_of(Context))]
#: Operators and what they do: an operator sees their own row.
People = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE, own=[Role.OPERATOR]))]
#: Presence: one's own, and managers that of others.
Attendant = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN, own=[Role.OPERATOR, Role.SERVICE]))]
