"""The stand-in's routes: Wazzup's own, and `/_…` for tests and checkers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, fields
from typing import TypeAlias

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.wazzup.accounts import Account, Channel, webhook_address_is_valid
from deploy.standins.wazzup.callbacks import Payload
from deploy.standins.wazzup.faults import PROFILES, Failure, Mode, Profile
from deploy.standins.wazzup.standin import Answer, Standin, error

Endpoint: TypeAlias = Callable[[Request, Standin, Account], Awaitable[Response]]
ABORT = "wazzup.abort"  # what the scope's state holds: it closes the connection (server.py)


def create_app(standin: Standin) -> Starlette:
    """Return the app; its lifespan delivers the webhooks."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with standin.open():
            yield

    routes = [
        Route("/v3/message", _authorised(_message), methods=["POST"]),
        Route("/v3/channels", _authorised(_channels)),
        Route("/v3/webhooks", _authorised(_webhooks), methods=["GET", "PATCH"]),
        *(Route(f"/v3/{name}", _authorised(_closed_to_sidecars), methods=["POST"]) for name in _CRM),
        Route("/_journal", _journal),
        Route("/_control", _control, methods=["GET", "POST"]),
        Route("/_accounts", _accounts, methods=["POST"]),
        Route("/_inbound", _inbound, methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.standin = standin
    return app


_CRM = ("users", "contacts", "deals")


def _authorised(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def checked(request: Request) -> Response:
        standin = _standin(request)
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        account = standin.accounts.get(key) if scheme.lower() == "bearer" else None
        if account is None:
            return await _send(request, error("unauthorized", 401))
        profile = standin.dice.profile
        if account.over_limit(profile.rate_limit, profile.rate_window):
            return Response(status_code=429)
        try:
            return await endpoint(request, standin, account)
        except ClientDisconnect:
            return Response(status_code=400)

    return checked


async def _message(request: Request, standin: Standin, account: Account) -> Response:
    body = await _object(request)
    if body is None:
        return await _send(request, error("VALIDATION_ERROR"))
    if not await standin.wait_for_turn(request.is_disconnected):
        return Response(status_code=400)
    return await _send(request, await standin.message(account, body, request.headers.get("traceparent")))


async def _channels(_: Request, __: Standin, account: Account) -> Response:
    return _json(
        [
            {"channelId": c.channel_id, "transport": c.transport, "plainId": c.plain_id, "state": c.state}
            for c in account.channels
        ]
    )


async def _webhooks(request: Request, standin: Standin, account: Account) -> Response:
    if request.method == "GET":
        return _json({"webhooksUri": account.webhooks_uri or "", "subscriptions": account.subscriptions})
    body = await _object(request) or {}
    uri = body.get("webhooksUri")
    if not isinstance(uri, str) or not webhook_address_is_valid(uri):
        return await _send(request, error("uriNotValid"))
    if not await standin.subscribe(account, uri):
        return await _send(request, error("testPostNotPassed"))
    wanted = body.get("subscriptions")
    account.subscriptions = {str(k): bool(v) for k, v in wanted.items()} if isinstance(wanted, dict) else {}
    return _json({})


async def _closed_to_sidecars(request: Request, _: Standin, account: Account) -> Response:
    return await _send(request, error("forbidden", 403)) if account.sidecar else Response(status_code=200)


async def _journal(request: Request) -> Response:
    standin = _standin(request)
    chat_id = request.query_params.get("chat_id")
    entries = [e for e in standin.journal.entries.values() if chat_id in (None, e.chat_id)]
    return _json({"items": entries, "twice": standin.journal.twice(), "waiting": standin.waiting})


async def _control(request: Request) -> Response:
    """Change the profile (`{"profile": "kind", "chances": {"lose_answer": 0.1}}`) or order failures."""
    dice = _standin(request).dice
    body = (await _object(request) or {}) if request.method == "POST" else {}
    try:
        dice.profile = _profile(body, dice.profile)
        if "failures" in body:
            dice.failures = _failures(body["failures"])
    except (KeyError, TypeError, ValueError) as reason:
        return _json({"error": str(reason)}, 422)
    return _json({"profile": asdict(dice.profile), "failures": dice.failures})


async def _accounts(request: Request) -> Response:
    """Open an account: `{"key": …, "channel_ids": […], "webhooks_uri": …}`."""
    body = await _object(request) or {}
    ids = body.get("channel_ids")
    if not isinstance(body.get("key"), str) or not isinstance(ids, list):
        return _json({"error": "key and channel_ids are needed"}, 422)
    uri = body.get("webhooks_uri")
    channels = [Channel(channel_id=str(item)) for item in ids]
    _standin(request).add(Account(str(body["key"]), channels, webhooks_uri=uri if isinstance(uri, str) else None))
    return _json({}, 201)


async def _inbound(request: Request) -> Response:
    """Let a customer write: `{"key": …, "chat_id": …, "text": …}`."""
    standin, body = _standin(request), await _object(request) or {}
    account = standin.accounts.get(str(body.get("key")))
    if account is None:
        return _json({"error": "no such key"}, 404)
    message_id = await standin.inbound(account, str(body.get("chat_id")), str(body.get("text")))
    return _json({"messageId": message_id}, 202)


def _profile(body: Payload, current: Profile) -> Profile:
    chances = body.get("chances", {})
    known = {item.name for item in fields(Profile)} - {"name"}
    if not isinstance(chances, dict) or not known.issuperset(chances):
        raise ValueError(f"chances are {sorted(known)}")
    return PROFILES[str(body.get("profile", current.name))].changed(
        {**({} if "profile" in body else _figures(current)), **chances}
    )


def _figures(profile: Profile) -> dict[str, float]:
    return {name: value for name, value in asdict(profile).items() if name != "name"}


def _failures(wanted: object) -> list[Failure]:
    if not isinstance(wanted, list):
        raise TypeError("failures are a list")
    return [Failure(Mode(item.pop("mode")), str(item.pop("value", "")), **item) for item in wanted]


def _standin(request: Request) -> Standin:
    standin: Standin = request.app.state.standin
    return standin


async def _object(request: Request) -> Payload | None:
    try:
        value = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


async def _send(request: Request, answer: Answer) -> Response:
    if answer.status is not None:
        return Response(status_code=answer.status) if answer.body is None else _json(answer.body, answer.status)
    request.scope["state"][ABORT]()
    # The server notices the closed connection one turn of its loop later; it then ignores the response.
    await asyncio.sleep(0.01)
    return Response(status_code=500)


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
