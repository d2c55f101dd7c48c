"""What routes need of the running app: its context, the caller, the caller's language."""

from typing import Annotated

from fastapi import Depends, Request

from libs.common.contracts import Cause
from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.language import Language
from libs.common.platform.http.problems import request_language
from libs.common.platform.telemetry.tracing import current_traceparent
from services.assignment.context import Context


def context(request: Request) -> Context:
    """Return the context that the app's lifespan opened."""
    ctx: Context = request.app.state.ctx
    return ctx


def language(request: Request) -> Language:
    """Return the language of the answer."""
    return request_language(request)


def cause() -> Cause:
    """Return the start of a chain of events: a person's request."""
    return Cause.fresh(current_traceparent())


Ctx = Annotated[Context, Depends(context)]
Lang = Annotated[Language, Depends(language)]
Chain = Annotated[Cause, Depends(cause)]
Staff = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE))]
Overseer = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE))]
Manager = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN))]
