"""Routes that exist in the embedded stack alone: the clock, tokens, what there is, what was sent."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Annotated

import asyncpg
import httpx
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI, Query
from pydantic import BaseModel, Field

from deploy.local.under_way import UnderWay
from libs.common.contracts.shared import Part
from libs.common.platform.clock import SharedClock
from libs.common.platform.http.app import create_app
from libs.common.platform.http.routes import api_router
from libs.common.testkit.issuer import TokenIssuer


class Advance(BaseModel):
    """How far business time is to move, ISO 8601: `PT20M`. Forward only."""

    advance: timedelta = Field(ge=timedelta(0), le=timedelta(days=366))


class Moment(BaseModel):
    """Business time after the move."""

    now: str


class TokenRequest(BaseModel):
    """Whose token is wanted."""

    sub: str
    roles: list[str] = ["operator"]
    desks: list[str] = []


class Token(Part):
    """A bearer token, valid for a day."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the scheme's name, not a secret


class LeftToDo(Part):
    """What the services still have to do by now, by kind; `events` counts all that were ever written.

    A stack is at rest when two looks in a row find nothing and the same number of events.
    """

    left: dict[str, int]
    events: int


class PartDownError(Exception):
    """A server does not answer; it is being started again."""

    retry_after = 2


class StandinDownError(Exception):
    """The stand-ins do not answer; when they died they are being started again."""

    retry_after = 2


def create_dev(
    clock: SharedClock,
    issuer: TokenIssuer,
    standins: str,
    info: Callable[[], dict[str, object]],
    under_way: Callable[[], Awaitable[UnderWay]],
    origins: Collection[str] = (),
) -> FastAPI:
    """Return the origin's own app. `origins`: pages elsewhere that may read its answers, tokens included."""
    routes = api_router("/dev", tags=["dev"])

    @routes.post("/clock")
    async def advance(body: Advance) -> Moment:
        return Moment(now=clock.advance(body.advance).isoformat())

    @routes.get("/clock")
    async def now() -> Moment:
        return Moment(now=clock.now().isoformat())

    @routes.post("/token")
    async def token(body: TokenRequest) -> Token:
        return Token(access_token=issuer.token(body.sub, body.roles, body.desks))

    @routes.get("/info")
    async def everything() -> dict[str, object]:
        return info()

    _add_views(routes, standins, under_way)
    return create_app(
        service="dev",
        title="Dozvon, embedded stack",
        routers=[routes],
        errors={StandinDownError: (503, "unavailable"), PartDownError: (503, "unavailable")},
        origins=origins,
    )


def _add_views(routes: APIRouter, standins: str, under_way: Callable[[], Awaitable[UnderWay]]) -> None:
    @routes.get("/under-way")
    async def left_to_do() -> LeftToDo:
        try:
            found = await under_way()
        except (OSError, asyncpg.PostgresError, KafkaError, httpx.HTTPError) as error:
            raise PartDownError("a part of the stack does not answer") from error
        return LeftToDo(left=dict(found.left), events=found.events)

    @routes.get("/outbox-messages")
    async def sent(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, object]:
        """What the stand-ins accepted, newest last; each names its provider."""
        items: list[dict[str, object]] = []
        try:
            async with httpx.AsyncClient(base_url=standins) as client:
                for code in (await client.get("/")).raise_for_status().text.split():
                    answer = await client.get(f"/{code}/_journal")
                    if answer.status_code == httpx.codes.NOT_FOUND:  # it is sent no messages
                        continue
                    journal = answer.raise_for_status().json()
                    items += [{"provider": code, **entry} for entry in journal["items"]]
        except httpx.HTTPError as error:
            raise StandinDownError("the stand-ins do not answer") from error
        return {"items": sorted(items, key=lambda item: str(item["accepted_at"]))[-limit:]}
