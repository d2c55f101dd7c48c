"""Dead letters over HTTP for administrators: `/{service}/v1/dead-letters`."""

from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from libs.common.domain.code import Code
from libs.common.messaging.deadletters import store as deadletters
from libs.common.messaging.deadletters.store import (
    DeadLetterState,
    MaskedDataError,
    NoSuchDeadLetterError,
    WrongStateError,
)
from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Database
from libs.common.platform.http.language import Text
from libs.common.platform.http.pagination import Keyset, Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.problems import Fault, Problem
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import MAX_BIGINT, Wire

_HIDDEN = Text(
    "*** стоит вместо скрытого значения: пришлите только то, что меняется",
    "*** stands for a hidden value: give only the fields that change",
)

_BY_ID = Keyset("id", {"id": int})

Admin = Annotated[Principal, Depends(require(Role.ADMIN))]
LetterId = Annotated[int, Path(ge=1, le=MAX_BIGINT)]


class DeadLetterOut(BaseModel):
    """A parked event."""

    id: int
    topic: str
    partition: int
    offset: int
    event_id: UUID
    type: str
    key: str
    sequence: int
    desk: str
    time: datetime
    error_type: str | None
    error: str | None
    attempts: int
    state: DeadLetterState
    waits_for: str | None
    note: str | None
    parked_at: datetime
    updated_at: datetime


class DeadLetterDetail(DeadLetterOut):
    """A parked event with headers and payload, personal data masked."""

    headers: dict[str, str]
    data: object


class Retry(Wire):
    """`data` is a JSON merge patch (RFC 7396) over the payload: only what changes, `null` removes a field."""

    note: str | None = Field(default=None, max_length=500)
    data: dict[str, object] | None = None


class Discard(Wire):
    """The reason for discarding the event."""

    note: str = Field(min_length=3, max_length=500)


@cache
def dead_letters_router(service: str) -> APIRouter:
    """Return the routes; the app's lifespan must have set `app.state.ctx` with a `core`."""
    router = api_router(prefix=f"/{service}/v1/dead-letters", tags=["dead letters"])
    router.get("", operation_id=f"list_{service}_dead_letters")(_list)
    router.get("/{letter_id}", operation_id=f"get_{service}_dead_letter")(_show)
    router.post("/{letter_id}/retry", operation_id=f"retry_{service}_dead_letter")(_retry)
    router.post("/{letter_id}/discard", operation_id=f"discard_{service}_dead_letter")(_discard)
    return router


async def _list(
    request: Request,
    caller: Admin,
    page: Paged,
    state: Annotated[list[DeadLetterState] | None, Query()] = None,
    key: Annotated[str | None, Query(max_length=200)] = None,
    desk: Annotated[Code | None, Query()] = None,
) -> Page[DeadLetterOut]:
    """List parked events, by default those that are still open."""
    (after,) = _BY_ID.after(page) or (0,)
    found = await deadletters.list_dead_letters(
        _db(request),
        states=state or deadletters.OPEN,
        key=key,
        after=cast("int", after),
        limit=page.reach,
        desks=_desks(caller, desk),
    )
    return _BY_ID.cut([asdict(dead_letter) for dead_letter in found], page).page(DeadLetterOut.model_validate)


async def _show(request: Request, letter_id: LetterId, caller: Admin) -> DeadLetterDetail:
    """Show a parked event with its payload."""
    return await _detail(request, caller, letter_id)


@refuses("wrong_state")
async def _retry(
    request: Request, letter_id: LetterId, caller: Admin, body: Annotated[Retry, Body()]
) -> DeadLetterDetail:
    """Release an event that failed or waits; the worker replays it and the events behind it."""
    await _detail(request, caller, letter_id)
    try:
        await deadletters.retry_dead_letter(
            _db(request), letter_id, note=_signed(caller, body.note or "retry"), patch=body.data
        )
    except (NoSuchDeadLetterError, WrongStateError, MaskedDataError) as error:
        raise _problem(error) from error
    return await _detail(request, caller, letter_id)


@refuses("wrong_state")
async def _discard(
    request: Request, letter_id: LetterId, caller: Admin, body: Annotated[Discard, Body()]
) -> DeadLetterDetail:
    """Discard an event for good; it is never applied."""
    await _detail(request, caller, letter_id)
    try:
        await deadletters.discard_dead_letter(_db(request), letter_id, note=_signed(caller, body.note))
    except (NoSuchDeadLetterError, WrongStateError) as error:
        raise _problem(error) from error
    return await _detail(request, caller, letter_id)


async def _detail(request: Request, caller: Principal, letter_id: LetterId) -> DeadLetterDetail:
    """Return a parked event of the caller's desks; of one that names no desk, for those who see all."""
    try:
        opened = await deadletters.show_dead_letter(_db(request), letter_id)
    except NoSuchDeadLetterError as error:
        raise _problem(error) from error
    if not caller.may_see(opened.dead_letter.desk):
        raise Problem(404, "not_found")
    return DeadLetterDetail(**asdict(opened.dead_letter), headers=dict(opened.headers), data=opened.data)


def _desks(caller: Principal, desk: str | None) -> frozenset[str] | None:
    if desk is not None:
        return frozenset({desk}) if caller.may_see(desk) else frozenset()
    return None if caller.sees_all_desks else caller.desks


def _db(request: Request) -> Database:
    db: Database = request.app.state.ctx.core.db
    return db


def _signed(caller: Principal, note: str) -> str:
    return f"{caller.sub}: {note}"


def _problem(error: NoSuchDeadLetterError | WrongStateError | MaskedDataError) -> Problem:
    if isinstance(error, NoSuchDeadLetterError):
        return Problem(404, "not_found")
    if isinstance(error, MaskedDataError):
        return Problem(422, "validation_failed", errors=[Fault("/data", "hidden_value", _HIDDEN)])
    return Problem(409, "wrong_state", detail=str(error))
