"""Dependencies of routes: the app's context, the caller, the caller's language.

A service names its own context: `Ctx = Annotated[Context, Depends(context_of(Context))]`.
"""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from libs.common.contracts import Cause
from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.language import Language
from libs.common.platform.http.problems import request_language
from libs.common.platform.telemetry.tracing import current_traceparent

C = TypeVar("C")


def context_of(kind: type[C]) -> Callable[[Request], C]:
    """Return a dependency that gives the context that the app's lifespan opened."""

    def context(request: Request) -> C:
        ctx = request.app.state.ctx
        if not isinstance(ctx, kind):
            raise TypeError(f"the app serves no {kind.__qualname__}")
        return ctx

    return context


def language(request: Request) -> Language:
    return request_language(request)


def cause() -> Cause:
    """Return the start of a chain of events: a person's request."""
    return Cause.fresh(current_traceparent())


Lang = Annotated[Language, Depends(language)]
Chain = Annotated[Cause, Depends(cause)]
Staff = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE))]
Worker = Annotated[Principal, Depends(require(Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN))]
Overseer = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE))]
Manager = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN))]
Admin = Annotated[Principal, Depends(require(Role.ADMIN))]
