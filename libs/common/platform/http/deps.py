"""Dependencies of routes: the app's context, the caller, the caller's language.

A service names its own context: `Ctx = Annotated[Context, Depends(context_of(Context))]`. A dependency is `async`,
however little it does: FastAPI takes any other to a thread, which costs more than the thing itself.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from libs.common.contracts import Cause
from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.auth.tickets import require_ticket
from libs.common.platform.http.language import Language
from libs.common.platform.http.problems import request_language
from libs.common.platform.telemetry.tracing import current_traceparent

C = TypeVar("C")


def context_of(kind: type[C]) -> Callable[[Request], Awaitable[C]]:
    """Return a dependency that gives the context that the app's lifespan opened."""

    async def context(request: Request) -> C:
        ctx = request.app.state.ctx
        if not isinstance(ctx, kind):
            raise TypeError(f"the app serves no {kind.__qualname__}")
        return ctx

    return context


async def language(request: Request) -> Language:
    return request_language(request)


async def cause() -> Cause:
    """Return the start of a chain of events: a person's request."""
    return Cause.fresh(current_traceparent())


Lang = Annotated[Language, Depends(language)]
Chain = Annotated[Cause, Depends(cause)]

_O, _S, _A, _I = Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE

#: What all staff see alike: the settings of their desks.
Staff = Annotated[Principal, Depends(require(_O, _S, _A, _I))]
#: Leads, tasks and customers: operators their own and what waits in their pools.
Crew = Annotated[Principal, Depends(require(_S, _A, _I, work=[_O]))]
#: Who follows tasks live, by token or ticket.
Follower = Annotated[Principal, Depends(require_ticket(_S, _A, _I, work=[_O]))]
#: Who follows a feed of their own, by token or ticket.
OwnFollower = Annotated[Principal, Depends(require_ticket(own=[_O, _S, _A, _I]))]
#: What people alone do.
Worker = Annotated[Principal, Depends(require(_S, _A, work=[_O]))]
#: What each of the staff has of their own, such as a feed.
Myself = Annotated[Principal, Depends(require(own=[_O, _S, _A, _I]))]
Overseer = Annotated[Principal, Depends(require(_S, _A, _I))]
Manager = Annotated[Principal, Depends(require(_S, _A))]
Admin = Annotated[Principal, Depends(require(_A))]
