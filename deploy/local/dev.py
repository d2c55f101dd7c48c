"""Routes that exist in the embedded stack alone: the clock, tokens, what there is, what was sent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

import httpx
from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from libs.common.clock import SharedClock
from libs.common.events.shared import Part
from libs.common.testing.issuer import TokenIssuer


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


def create_dev(
    clock: SharedClock, issuer: TokenIssuer, standin: str, info: Callable[[], dict[str, object]]
) -> FastAPI:
    """Return the origin's own app."""
    app = FastAPI(title="Dozvon, embedded stack", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/dev/clock")
    async def advance(body: Advance) -> Moment:
        return Moment(now=clock.advance(body.advance).isoformat())

    @app.get("/dev/clock")
    async def now() -> Moment:
        return Moment(now=clock.now().isoformat())

    @app.post("/dev/token")
    async def token(body: TokenRequest) -> Token:
        return Token(access_token=issuer.token(body.sub, body.roles, body.desks))

    @app.get("/dev/info")
    async def everything() -> dict[str, object]:
        return info()

    @app.get("/dev/outbox-messages")
    async def sent(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, object]:
        """What the messenger stand-in accepted, newest last."""
        async with httpx.AsyncClient(base_url=standin) as client:
            journal = (await client.get("/_journal")).json()
        return {"items": journal["items"][-limit:]}

    return app
