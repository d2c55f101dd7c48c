"""Playing a recording: a plain ASGI route, for a player sends no token.

What a provider keeps under an id is asked for when it is played, and its own short-lived link is answered. What
lies at an address is passed on by us, within limits: its address is shown nowhere.
"""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from libs.common.connect.exchange import HttpRequest, Lost
from libs.common.connect.transport import Opened
from libs.common.platform.audit.record import write
from libs.common.platform.audit.shown import Shown
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.auth.principal import Scope as Reach
from libs.common.platform.http.problems import Problem
from libs.common.platform.sealing import DataKeys
from libs.common.platform.telemetry.logs import get_logger
from services.intake.calls.worker import api_of
from services.intake.context import Context
from services.intake.errors import RecordingUnavailableError
from services.intake.formats.exchange import ExchangeFormat
from services.intake.recordings.convert import opened, sealed
from services.intake.recordings.queries import sound_of
from services.intake.recordings.rules import MOST, WITHIN, BadGrantError, Grant, is_address, sound_type

PATH = "/intake/v1/recordings/{contact_id}/{grant}"
OPERATION = "play_recording"  # as the audit log names it
_SAME = ("content-length", "content-range", "accept-ranges")
_SOUND = (200, 206)

log = get_logger(__name__)


def address_of(grant: Grant, keys: DataKeys) -> str:
    """Return the address at which a recording is played with a grant."""
    return PATH.format(contact_id=grant.contact_id, grant=sealed(grant, keys))


class Player:
    """Plays one recording, or a part of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises Problem, RecordingUnavailableError."""
        del receive
        ctx: Context = scope["app"].state.ctx
        grant, row = await _granted(ctx, scope)
        part = dict(scope["headers"]).get(b"range", b"").decode("latin-1")
        await _audit(ctx, grant, row)
        if is_address(row["recording"]):
            await _pass_on(ctx, row["recording"], part, send)
        else:
            await _answer(send, 303, {"location": await _link(ctx, row)})


def player_routes() -> tuple[Route, ...]:
    """Return the route; its address cannot be made up, so no document describes it."""
    return (Route(PATH, Player(), methods=["GET"], include_in_schema=False),)


async def _granted(ctx: Context, scope: Scope) -> tuple[Grant, asyncpg.Record]:
    """Return the grant in the address and its contact. Raises Problem 401, 404."""
    try:
        contact_id = UUID(scope["path_params"]["contact_id"])
        grant = opened(contact_id, scope["path_params"]["grant"], ctx.core.keys)
    except (BadGrantError, ValueError):
        raise Problem(401, "invalid_ticket", extra={"reason": "unknown"}) from None
    if grant.until < datetime.now(UTC).timestamp():
        raise Problem(401, "invalid_ticket", extra={"reason": "expired"})
    row = await sound_of(ctx.core.db, contact_id)
    if row is None:
        raise Problem(404, "not_found")
    return grant, row


async def _audit(ctx: Context, grant: Grant, row: asyncpg.Record) -> None:
    whose = [f"{kind}:{row[name]}" for kind, name in _WHOSE if row[name] is not None]
    role, desks = Role(grant.role), frozenset({row["desk"]})
    who = Principal(grant.sub, frozenset({role}), desks, role=role, scope=Reach(grant.scope))
    await write(ctx.core.db, who, OPERATION, Shown(sorted(whose), [row["desk"]], 1))


_WHOSE = (("contact", "id"), ("lead", "lead_id"), ("customer", "customer_id"))


async def _link(ctx: Context, row: asyncpg.Record) -> str:
    """Return the provider's own link to a recording that it keeps. Raises RecordingUnavailableError."""
    known = await ctx.sources.get(row["source_key"]) if row["source_key"] else None
    found = known.source.format if known else None
    if not isinstance(found, ExchangeFormat):
        raise RecordingUnavailableError
    request = found.recording(row["recording"], api_of(found, ctx.settings.standins))
    reply = None if request is None else await ctx.transport.call(request)
    if reply is None or isinstance(reply, Lost):
        raise RecordingUnavailableError
    link = found.link(reply)
    if link is None or not is_address(link):
        log.warning("no link to a recording", contact_id=str(row["id"]), status=reply.status)
        raise RecordingUnavailableError
    return link


async def _pass_on(ctx: Context, address: str, part: str, send: Send) -> None:
    """Pass the sound at an address on. Raises RecordingUnavailableError before the first byte."""
    request = HttpRequest("GET", address, {"range": part} if part else {})
    async with ctx.transport.opened(request, MOST, WITHIN) as found:
        if not isinstance(found, Opened) or found.status not in _SOUND:
            raise RecordingUnavailableError
        headers = {name: found.headers[name] for name in _SAME if name in found.headers}
        if int(headers.get("content-length", "0") or 0) > MOST:
            raise RecordingUnavailableError
        await _start(send, found.status, {"content-type": sound_type(found.headers.get("content-type")), **headers})
        async for sound in found.parts:
            await send({"type": "http.response.body", "body": sound, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _answer(send: Send, status: int, headers: dict[str, str]) -> None:
    await _start(send, status, {"content-length": "0", **headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    own = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in {**own, **headers}.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
