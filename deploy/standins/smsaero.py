"""A stand-in for SMS Aero, API v2: JSON, Basic authentication, some errors inside an HTTP 200."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Post
from deploy.standins.control import as_json, object_of
from deploy.standins.journal import Entry, Status
from deploy.standins.provider import GatewayAccount, ProviderStandin, Wish, moment

DEMO_EMAIL = "demo@example.com"
DEMO_KEY = "demo-smsaero-key"
_STATUSES = {Status.SENT: 3, Status.DELIVERED: 1, Status.READ: 1, Status.ERROR: 2}
_WORDS = {3: "wait status", 1: "delivery", 2: "failed"}


class SmsAeroStandin(ProviderStandin):
    """The account is its e-mail, its secret the key."""

    code: ClassVar[str] = "smsaero"
    address_code: ClassVar[str] = "number"
    rate_code: ClassVar[str] = "429"
    token_code: ClassVar[str] = "401"  # noqa: S105 - an HTTP status
    demo_key: ClassVar[str] = DEMO_EMAIL
    demo_secret: ClassVar[str] = DEMO_KEY

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {"email": account.key, "api_key": account.secret}

    def own_routes(self) -> Sequence[Route]:
        return [
            Route("/v2/sms/send", self._send, methods=["POST"]),
            Route("/v2/sms/status", self._status, methods=["POST"]),
        ]

    def accepted(self, entry: Entry) -> Response:
        return as_json({"success": True, "data": _shown(entry, 0), "message": None})

    def refused(self, code: str) -> Response:
        """Return an HTTP status, the older answer for an empty account, or a fault of a field."""
        if code.isdecimal():
            return as_json({"success": False, "data": None, "message": "invented"}, int(code))
        if code == "no credits":
            return as_json({"result": code})
        return as_json({"success": False, "data": {code: ["invented"]}, "message": "Validation error."}, 400)

    def new_id(self, number: int, wish: Wish) -> str:
        del wish
        return str(12_000_000 + number)

    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return one callback, to the address of its message alone."""
        (callback,) = batch
        entry = self.journal.entries.get(str(callback.payload["id"]))
        url = "" if entry is None else self._address(entry)
        if entry is None or not url:
            return None
        status = _STATUSES[Status(str(callback.payload["status"]))]
        body = {"id": int(entry.message_id), "status": status, "extendStatus": _WORDS[status]}
        body["dateAnswer"] = int(moment(callback.payload).timestamp())
        return Post(url, orjson.dumps(body), {"content-type": "application/json"})

    async def _send(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return self.refused(self.token_code)
        body = await object_of(request) or {}
        phone, text, callbacks = body.get("number"), body.get("text"), str(body.get("callbackUrl") or "")
        if not isinstance(phone, int):
            return self.refused("number")
        if not isinstance(text, str) or not 2 <= len(text) <= 640:
            return self.refused("text")
        reference = parse_qs(urlsplit(callbacks).query).get("m", [None])[0]
        return await self.answer(request, Wish(account, str(phone), text, reference, callbacks))

    async def _status(self, request: Request) -> Response:
        if self._account(request) is None:
            return self.refused(self.token_code)
        sms_id = str((await object_of(request) or {}).get("id"))
        entry, status = self.journal.entries.get(sms_id), self.status_of(sms_id)
        if entry is None or status is None:
            return self.refused("id")
        return as_json({"success": True, "data": _shown(entry, _STATUSES[Status(status)]), "message": None})

    def _account(self, request: Request) -> GatewayAccount | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        return next((one for one in self.accounts.values() if hmac.compare_digest(given, _pair(one))), None)


def _pair(account: GatewayAccount) -> str:
    return base64.b64encode(f"{account.key}:{account.secret}".encode()).decode()


def _shown(entry: Entry, status: int) -> dict[str, object]:
    made = int(entry.accepted_at.timestamp())
    return {
        "id": int(entry.message_id), "from": "SMS Aero", "number": entry.chat_id, "text": entry.text,
        "status": status, "extendStatus": _WORDS.get(status, "queue"), "channel": "FREE SIGN", "cost": 5.49,
        "dateCreate": made, "dateSend": made,
    }  # fmt: skip
