"""Dependencies of routes: the app's context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.deps import Admin, Chain, Crew, Lang, Manager, Overseer, Staff, Worker, context_of
from services.intake.context import Context

__all__ = ["Admin", "Chain", "Crew", "Ctx", "Lang", "Listener", "Manager", "Overseer", "Reader", "Staff", "Worker"]

Ctx = Annotated[Context, Depends(context_of(Context))]
#: Crew, and partners for what is theirs.
Reader = Annotated[
    Principal,
    Depends(require(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE, work=[Role.OPERATOR], partner=[Role.PARTNER])),
]
#: People alone: who works, and partners for what is theirs.
Listener = Annotated[
    Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN, work=[Role.OPERATOR], partner=[Role.PARTNER]))
]
