"""Dependencies of routes: the app's context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends

from libs.common.platform.http.deps import Admin, Lang, Manager, Staff, context_of
from services.intake.context import Context

__all__ = ["Admin", "Ctx", "Lang", "Manager", "Staff"]

Ctx = Annotated[Context, Depends(context_of(Context))]
