"""Tickets of a service's stream over HTTP: `POST /{service}/v1/stream-tickets`."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from libs.common.platform.auth.tickets import issue
from libs.common.platform.http.deps import Staff
from libs.common.platform.http.routes import api_router


class StreamTicket(BaseModel):
    """What opens one stream of the caller, in the address: `?ticket=`. It is shown once."""

    ticket: str
    valid_until: datetime


def stream_tickets_router(service: str) -> APIRouter:
    """Return the route; the app must have set `app.state.db`, whose schema has the table `stream_ticket`."""
    router = api_router(prefix=f"/{service}/v1", tags=["stream"])
    router.post("/stream-tickets", operation_id=f"create_{service}_stream_ticket", status_code=201)(_create)
    return router


async def _create(request: Request, caller: Staff) -> StreamTicket:
    """Get a ticket for a stream that sends no header, such as a browser's EventSource: good once, for 60 seconds.

    The stream ends with the token that got the ticket. When its connection breaks, EventSource comes again with the
    same address and is answered 401: get another ticket and open `?ticket=…&after=…` with the last id that came.
    """
    ticket = await issue(request.app.state.db, caller)
    return StreamTicket(ticket=ticket.word, valid_until=ticket.valid_until)
