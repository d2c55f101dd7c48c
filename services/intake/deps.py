"""Dependencies of routes: the app's context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.deps import Admin, Chain, Lang, Manager, Overseer, Staff, context_of
from services.intake.context import Context

__all__ = ["Admin", "Chain", "Ctx", "Lang", "Manager", "Overseer", "Reader", "Staff"]

Ctx = Annotated[Context, Depends(context_of(Context))]
#: Staff, and partners for what is theirs.
Reader = Annotated[
    Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE, Role.PARTNER))
]
