"""A stand-in for Meta's WhatsApp Cloud API: 24-hour window, templates, batched webhooks signed over their bytes."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlencode

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Payload, Post
from deploy.standins.control import as_json, object_of
from deploy.standins.faults import Failure, Mode
from deploy.standins.files import SentFile
from deploy.standins.journal import Entry, Status
from deploy.standins.provider import GatewayAccount, ProviderStandin, Wish, moment

DEMO_PHONE_ID = "100200300400500"
DEMO_TOKEN = "demo-whatsapp-token"  # noqa: S105 - guards nothing
DEMO_SECRET = "demo-app-secret"  # noqa: S105 - guards nothing
WINDOW = timedelta(hours=24)
_HTTP = {"190": 401, "132001": 404}
_WORDS = {Status.ERROR: "failed"}
# Of an id: what stands between the customer's number and the message's own part, and how long that is.
_SENT, _RECEIVED = (b"\x15\x02\x00\x11\x18", 18), (b"\x15\x02\x00\x12\x18", 20)


class WhatsAppCloudStandin(ProviderStandin):
    """The account is a phone number's id, its secret the token; all webhooks are signed with one app secret."""

    code: ClassVar[str] = "whatsapp_cloud"
    together: ClassVar[int] = 20
    is_read: ClassVar[bool] = True
    address_code: ClassVar[str] = "131026"
    rate_code: ClassVar[str] = "130429"
    token_code: ClassVar[str] = "190"  # noqa: S105 - an error code
    app_secret: str = DEMO_SECRET
    demo_key: ClassVar[str] = DEMO_PHONE_ID
    demo_secret: ClassVar[str] = DEMO_TOKEN

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {
            "access_token": account.secret, "app_secret": DEMO_SECRET, "verify_token": "ours",
            "phone_number_id": account.key,
        }  # fmt: skip

    def own_routes(self) -> Sequence[Route]:
        return [
            Route("/{version}/{number}/messages", self._send, methods=["POST"]),
            Route("/{version}/{number}", self._configure, methods=["POST"]),
            Route("/files/{link}", self.give_file),
            Route("/{version}/{media}", self._where),
        ]

    def accepted(self, entry: Entry) -> Response:
        contact = {"input": entry.chat_id, "wa_id": entry.chat_id}
        messages = [{"id": entry.message_id, "message_status": "accepted"}]
        return as_json({"messaging_product": "whatsapp", "contacts": [contact], "messages": messages})

    def refused(self, code: str) -> Response:
        error = {"message": f"(#{code}) invented", "type": "OAuthException", "code": int(code), "fbtrace_id": "A"}
        return as_json({"error": error}, _HTTP.get(code, 400))

    def new_id(self, number: int, wish: Wish) -> str:
        return wamid(wish.chat_id, f"{wish.account.key} {number}")

    def failure_of(self, wish: Wish) -> Failure | None:
        """Fail after the 200, by status: an address that is not on WhatsApp, a window that is closed."""
        if wish.chat_id.endswith("0000"):
            return Failure(Mode.STATUS, self.address_code)
        is_text = not wish.text.startswith("template ")
        return Failure(Mode.STATUS, "131047") if is_text and not self._is_open(wish) else None

    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return one signed body with several statuses and messages of one number."""
        account = self.accounts[str(batch[0].payload["account"])] if "account" in batch[0].payload else None
        entries = [self.journal.entries.get(str(one.payload.get("id"))) for one in batch]
        account = account or next((self.accounts[entry.key] for entry in entries if entry), None)
        if account is None or not account.callbacks:
            return None
        value: dict[str, object] = {
            "messaging_product": "whatsapp",
            "metadata": {"phone_number_id": account.key},
            "statuses": [_status(one, entry) for one, entry in zip(batch, entries, strict=True) if entry],
            "messages": [one.payload["message"] for one in batch if one.kind == "inbound"],
        }
        value = {name: given for name, given in value.items() if given}
        changes = [one.payload["change"] for one in batch if one.kind == "template"]
        if value.keys() & {"statuses", "messages"}:
            changes.append({"field": "messages", "value": value})
        changed = {"id": "1", "time": int(self.clock.now().timestamp()), "changes": changes}
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [changed]})
        signature = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
        return Post(account.callbacks, body, headers)

    def inbound(self, account: GatewayAccount, chat_id: str, text: str) -> Callback | None:
        """Let a customer write, which opens their window."""
        return self._said(account, chat_id, {"type": "text", "text": {"body": text}})

    def sent_file(
        self, account: GatewayAccount, chat_id: str, text: str, file: SentFile, base: str
    ) -> Callback | None:
        """Let a customer send a file: it is named by an id, which the API takes."""
        del base
        digest = base64.b64encode(hashlib.sha256(file.content).digest()).decode()
        shown = {"id": self.files.keep(file), "mime_type": file.mime, "sha256": digest}
        more = {"filename": file.name, "caption": text}
        shown |= {name: value for name, value in more.items() if value}
        return self._said(account, chat_id, {"type": file.sort, file.sort: shown})

    def _said(self, account: GatewayAccount, chat_id: str, content: Payload) -> Callback:
        now, number = self.clock.now(), next(self.numbers)
        self.written[chat_id] = now
        message = {
            "from": chat_id,
            "id": wamid(chat_id, f"{chat_id} {now} {number}", received=True),
            "timestamp": str(int(now.timestamp())),
            **content,
        }
        return Callback("inbound", {"account": account.key, "message": message})

    async def give_file(self, request: Request) -> Response:
        """Give out a file to who shows the token of a number."""
        if not any(_is_of(request, account) for account in self.accounts.values()):
            return Response(status_code=401)
        return await super().give_file(request)

    async def _where(self, request: Request) -> Response:
        """Say where a file is, for minutes."""
        if not any(_is_of(request, account) for account in self.accounts.values()):
            return self.refused(self.token_code)
        media = request.path_params["media"]
        if (file := self.files.known(media)) is None:
            return self.refused("100")
        digest, size = hashlib.sha256(file.content).hexdigest(), len(file.content)
        url = f"{request.base_url}{self.code}/files/{self.files.link(media)}"
        shown = {"url": url, "mime_type": file.mime, "sha256": digest, "file_size": size, "id": media}
        return as_json({"messaging_product": "whatsapp", **shown})

    def judge(self, account: GatewayAccount, name: str, language: str, event: str, reason: str = "NONE") -> None:
        """Judge a template: `APPROVED`, `REJECTED`, `PAUSED`, … with a reason."""
        value: Payload = {"event": event, "message_template_id": 1, "message_template_name": name}
        value |= {"message_template_language": language, "reason": reason}
        change = {"field": "message_template_status_update", "value": value}
        self.later(Callback("template", {"account": account.key, "change": change}))

    def _is_open(self, wish: Wish) -> bool:
        last = self.written.get(wish.chat_id)
        return last is not None and self.clock.now() - last < WINDOW

    async def _send(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return self.refused(self.token_code)
        body = await object_of(request) or {}
        whom = body.get("to") or body.get("recipient")
        text = _text(body)
        if not isinstance(whom, str) or text is None:
            return self.refused("100")
        if text.startswith("template unknown"):
            return self.refused("132001")
        reference = body.get("biz_opaque_callback_data")
        wish = Wish(account, whom, text, reference if isinstance(reference, str) else None)
        return await self.answer(request, wish)

    async def _configure(self, request: Request) -> Response:
        """Set the address of webhooks, after a challenge."""
        account = self._account(request)
        if account is None:
            return self.refused(self.token_code)
        wanted = (await object_of(request) or {}).get("webhook_configuration")
        fields = wanted if isinstance(wanted, dict) else {}
        url, token = str(fields.get("override_callback_uri")), str(fields.get("verify_token"))
        query = urlencode({"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"})
        try:
            probe = await self._http.get(f"{url}?{query}", timeout=10)
        except httpx.HTTPError:
            return self.refused("100")
        if probe.text != "1158201444":
            return self.refused("100")
        self.subscribe(account, url)
        return as_json({"success": True})

    def _account(self, request: Request) -> GatewayAccount | None:
        account = self.accounts.get(request.path_params["number"])
        return account if account is not None and _is_of(request, account) else None


def wamid(chat_id: str, seed: str, *, received: bool = False) -> str:
    """Return an id as the real one makes it: base64 of whose the chat is, then of what the message is known by."""
    between, length = _RECEIVED if received else _SENT
    own = hashlib.sha256(seed.encode()).hexdigest().upper()[:length].encode()
    whose = chat_id.encode()
    parts = b"\x1c\x18", bytes([len(whose)]), whose, between, bytes([length]), own, b"\x00"
    return f"wamid.{base64.b64encode(b''.join(parts)).decode()}"


def _is_of(request: Request, account: GatewayAccount) -> bool:
    _, _, given = request.headers.get("authorization", "").partition(" ")
    return hmac.compare_digest(given, account.secret)


def _text(body: Mapping[str, object]) -> str | None:
    """Return the text of a message, or its template's name and values."""
    match body:
        case {"type": "text", "text": {"body": str(text)}}:
            return text
        case {"type": "template", "template": {"name": str(name), "components": list(components)}}:
            values = [one.get("text") for part in components for one in part.get("parameters", []) if "text" in one]
            return f"template {name}: {', '.join(map(str, values))}"
        case _:
            return None


def _status(callback: Callback, entry: Entry) -> dict[str, object]:
    word = str(callback.payload["status"])
    found: dict[str, object] = {
        "id": entry.message_id,
        "status": _WORDS.get(Status(word), word),
        "timestamp": str(int(moment(callback.payload).timestamp())),
        "recipient_id": entry.chat_id,
        "biz_opaque_callback_data": entry.crm_message_id,
    }
    if code := callback.payload["code"]:
        found["errors"] = [{"code": int(str(code)), "title": "invented"}]
    return found
