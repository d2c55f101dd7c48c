"""Dependencies of routes: the context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.http.deps import Admin, Chain, Lang, Manager, Overseer, Staff, context_of
from services.assignment.context import Context

__all__ = ["Admin", "Chain", "Ctx", "Lang", "Manager", "Overseer", "Staff"]

Ctx = Annotated[Context, Depends(context_of(Context))]
