"""The stand-in's routes: Wazzup's own, and `/_…` for tests and checkers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.control import as_json, control_routes, object_of
from deploy.standins.files import file_of
from deploy.standins.server import cut
from deploy.standins.wazzup.accounts import Account, Channel, webhook_address_is_valid
from deploy.standins.wazzup.answers import Answer, error

if TYPE_CHECKING:
    from deploy.standins.wazzup.standin import Standin

Endpoint: TypeAlias = "Callable[[Request, Standin, Account], Awaitable[Response]]"
_CRM = ("users", "contacts", "deals")


def routes(standin: "Standin") -> Sequence[Route]:
    """Return the routes of one stand-in."""

    def authorised(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        return _authorised(standin, endpoint)

    async def accounts(request: Request) -> Response:
        return await _accounts(request, standin)

    async def inbound(request: Request) -> Response:
        return await _inbound(request, standin)

    async def give(request: Request) -> Response:
        return await standin.files.answer(request, request.path_params["link"])

    return [
        Route("/files/{link}", give),
        Route("/v3/message", authorised(_message), methods=["POST"]),
        Route("/v3/channels", authorised(_channels)),
        Route("/v3/webhooks", authorised(_webhooks), methods=["GET", "PATCH"]),
        *(Route(f"/v3/{name}", authorised(_closed_to_sidecars), methods=["POST"]) for name in _CRM),
        Route("/_accounts", accounts, methods=["POST"]),
        Route("/_inbound", inbound, methods=["POST"]),
        *control_routes(standin),
    ]


def _authorised(standin: "Standin", endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def checked(request: Request) -> Response:
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


async def _message(request: Request, standin: "Standin", account: Account) -> Response:
    body = await object_of(request)
    if body is None:
        return await _send(request, error("VALIDATION_ERROR"))
    if not await standin.wait_for_turn(request.is_disconnected):
        return Response(status_code=400)
    return await _send(request, await standin.message(account, body, request.headers.get("traceparent")))


async def _channels(_: Request, __: "Standin", account: Account) -> Response:
    return as_json(
        [
            {"channelId": c.channel_id, "transport": c.transport, "plainId": c.plain_id, "state": c.state}
            for c in account.channels
        ]
    )


async def _webhooks(request: Request, standin: "Standin", account: Account) -> Response:
    if request.method == "GET":
        return as_json({"webhooksUri": account.webhooks_uri or "", "subscriptions": account.subscriptions})
    body = await object_of(request) or {}
    uri = body.get("webhooksUri")
    if not isinstance(uri, str) or not webhook_address_is_valid(uri):
        return await _send(request, error("uriNotValid"))
    if not await standin.subscribe(account, uri):
        return await _send(request, error("testPostNotPassed"))
    wanted = body.get("subscriptions")
    account.subscriptions = {str(k): bool(v) for k, v in wanted.items()} if isinstance(wanted, dict) else {}
    return as_json({})


async def _closed_to_sidecars(request: Request, _: "Standin", account: Account) -> Response:
    return await _send(request, error("forbidden", 403)) if account.sidecar else Response(status_code=200)


async def _accounts(request: Request, standin: "Standin") -> Response:
    """Open an account: `{"key": …, "channel_ids": […], "webhooks_uri": …}`."""
    body = await object_of(request) or {}
    ids = body.get("channel_ids")
    if not isinstance(body.get("key"), str) or not isinstance(ids, list):
        return as_json({"error": "key and channel_ids are needed"}, 422)
    uri = body.get("webhooks_uri")
    channels = [Channel(channel_id=str(item)) for item in ids]
    standin.add(Account(str(body["key"]), channels, webhooks_uri=uri if isinstance(uri, str) else None))
    return as_json({}, 201)


async def _inbound(request: Request, standin: "Standin") -> Response:
    """Let a customer write: `{"key": …, "chat_id": …, "text": …}`; with `name`, as their profile says.

    With `echo` they are written to in the provider's own app; with a `file` (`standins/files.py`) they send it.
    """
    body = await object_of(request) or {}
    account = standin.accounts.get(str(body.get("key")))
    if account is None:
        return as_json({"error": "no such key"}, 404)
    name, chat_id, text = body.get("name"), str(body.get("chat_id")), str(body.get("text"))
    shown = name if isinstance(name, str) else None
    sent: dict[str, object] = {}
    if (file := file_of(body.get("file"))) is not None:
        link = standin.files.link(standin.files.keep(file))
        sent = {"type": file.sort, "contentUri": f"{request.base_url}{standin.code}/files/{link}"}
    message_id = await standin.inbound(account, chat_id, text, shown, echo=body.get("echo") is True, **sent)
    return as_json({"messageId": message_id}, 202)


async def _send(request: Request, answer: Answer) -> Response:
    if answer.status is None:
        return await cut(request)
    return Response(status_code=answer.status) if answer.body is None else as_json(answer.body, answer.status)
