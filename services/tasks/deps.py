"""Dependencies of routes: the context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.http.deps import Admin, Chain, Lang, Manager, Overseer, Staff, Worker, context_of
from services.tasks.context import Context

__all__ = ["Admin", "Chain", "Ctx", "Lang", "Manager", "Overseer", "Staff", "Worker"]

Ctx = Annotated[Context, Depends(context_of(Context))]
