"""A stand-in for Twilio's messaging API: forms, Basic authentication, signed callbacks of one message each."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Post
from deploy.standins.control import as_json
from deploy.standins.journal import Entry, Status
from deploy.standins.provider import GatewayAccount, ProviderStandin, Wish, moment

DEMO_SID = "AC00000000000000000000000000000001"
DEMO_TOKEN = "demo-twilio-token"  # noqa: S105 - guards nothing
DEMO_SENDER = "+15005550006"
_HTTP = {"20003": 401, "20429": 429}
_WORDS = {Status.ERROR: "undelivered"}


class TwilioStandin(ProviderStandin):
    """The account is its SID, its secret the token."""

    code: ClassVar[str] = "twilio"
    address_code: ClassVar[str] = "21211"
    rate_code: ClassVar[str] = "20429"
    token_code: ClassVar[str] = "20003"  # noqa: S105 - an error code
    demo_key: ClassVar[str] = DEMO_SID
    demo_secret: ClassVar[str] = DEMO_TOKEN

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {"account_sid": account.key, "auth_token": account.secret, "sender": DEMO_SENDER}

    def own_routes(self) -> Sequence[Route]:
        path = "/2010-04-01/Accounts/{sid}/Messages.json"
        return [Route(path, self._send, methods=["POST"]), Route(path, self._list)]

    def accepted(self, entry: Entry) -> Response:
        return as_json(_shown(entry), 201)

    def refused(self, code: str) -> Response:
        status = _HTTP.get(code, 400)
        return as_json({"code": int(code), "message": "invented", "more_info": "", "status": status}, status)

    def new_id(self, number: int, wish: Wish) -> str:
        return f"SM{hashlib.sha256(f'{self.code} {number}'.encode()).hexdigest()[:32]}"

    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return one signed callback."""
        (callback,) = batch
        entry = self.journal.entries.get(str(callback.payload.get("id")))
        if callback.kind == "inbound":
            account = self.accounts[str(callback.payload["AccountSid"])]
            return _signed(account, account.callbacks, {k: str(v) for k, v in callback.payload.items()})
        if entry is None:
            return None
        word = str(callback.payload["status"])
        form = {
            "MessageSid": entry.message_id,
            "SmsSid": entry.message_id,
            "MessageStatus": _WORDS.get(Status(word), word),
            "To": entry.chat_id,
            "From": DEMO_SENDER,
            "AccountSid": entry.key,
            "ApiVersion": "2010-04-01",
            "RawDlrDoneDate": f"{moment(callback.payload):%y%m%d%H%M}",
        }
        if callback.payload["code"]:
            form["ErrorCode"] = str(callback.payload["code"])
        return _signed(self.accounts[entry.key], self._address(entry), form)

    def inbound(self, account: GatewayAccount, chat_id: str, text: str) -> Callback | None:
        sid = self.new_id(next(self.numbers), Wish(account, chat_id, text))
        fields: dict[str, object] = {"AccountSid": account.key, "MessageSid": sid, "SmsStatus": "received"}
        return Callback("inbound", {**fields, "From": chat_id, "To": DEMO_SENDER, "Body": text})

    async def _send(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return self.refused(self.token_code)
        form = {name: str(value) for name, value in (await request.form()).items()}
        if not form.get("Body") or not form.get("To"):
            return self.refused("21602")
        callbacks = form.get("StatusCallback", "")
        reference = dict(part.split("=") for part in urlsplit(callbacks).query.split("&") if "=" in part).get("m")
        return await self.answer(request, Wish(account, form["To"], form["Body"], reference, callbacks))

    async def _list(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return self.refused(self.token_code)
        since, to = request.query_params.get("DateSent>", ""), request.query_params.get("To")
        entries = self.journal.entries.values()
        found = [e for e in entries if to in (None, e.chat_id) and e.accepted_at.date().isoformat() >= since]
        return as_json({"messages": [_shown(entry) for entry in found]})

    def _account(self, request: Request) -> GatewayAccount | None:
        account = self.accounts.get(request.path_params["sid"])
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if account is None or scheme.lower() != "basic":
            return None
        wanted = base64.b64encode(f"{account.key}:{account.secret}".encode()).decode()
        return account if hmac.compare_digest(given, wanted) else None


def _shown(entry: Entry) -> dict[str, object]:
    return {
        "sid": entry.message_id,
        "account_sid": entry.key,
        "to": entry.chat_id,
        "from": DEMO_SENDER,
        "body": entry.text,
        "status": "queued",
        "num_segments": "1",
        "price": None,
        "date_created": format_datetime(entry.accepted_at),
    }


def _signed(account: GatewayAccount, url: str, form: Mapping[str, str]) -> Post | None:
    """Return a form that is signed over our address and all fields, by name."""
    if not url:
        return None
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(account.secret.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": base64.b64encode(digest).decode(),
    }
    return Post(url, urlencode(form).encode(), headers)
