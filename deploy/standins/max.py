"""A stand-in for the Bot API of MAX: recipients in the query, codes in bodies, updates with our secret."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.bots import DEMO_WEBHOOK_SECRET, NAME, BotStandin, update_of
from deploy.standins.callbacks import Callback, Payload
from deploy.standins.control import as_json, object_of
from deploy.standins.files import SentFile
from deploy.standins.journal import Entry
from deploy.standins.provider import GatewayAccount, Wish

DEMO_BOT = "900000001"
DEMO_TOKEN = "demo-max-token"  # noqa: S105 - guards nothing
TEXT = 4000
_STATUSES: Mapping[str, int] = {
    "verify.token": 401,
    "chat.denied": 403,
    "dialog.not.found": 404,
    "chat.not.found": 404,
    "too.many.requests": 429,
}


class MaxStandin(BotStandin):
    """The account is the bot's id, its secret the token."""

    code: ClassVar[str] = "max"
    secret_header: ClassVar[str] = "x-max-bot-api-secret"  # noqa: S105 - a header's name
    address_code: ClassVar[str] = "dialog.not.found"
    rate_code: ClassVar[str] = "too.many.requests"
    token_code: ClassVar[str] = "verify.token"  # noqa: S105 - an error code
    blocked_code: ClassVar[str] = "chat.denied"
    demo_key: ClassVar[str] = DEMO_BOT
    demo_secret: ClassVar[str] = DEMO_TOKEN

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {"bot_token": account.secret, "webhook_secret": DEMO_WEBHOOK_SECRET}

    def own_routes(self) -> Sequence[Route]:
        return [
            Route("/messages", self._send, methods=["POST"]),
            Route("/subscriptions", self._order, methods=["POST"]),
            Route("/files/{link}", self.give_file),
        ]

    def accepted(self, entry: Entry) -> Response:
        recipient = {"chat_id": 1, "chat_type": "dialog", "user_id": int(entry.chat_id)}
        body = {"mid": entry.message_id, "seq": len(self.journal.entries), "text": entry.text, "attachments": []}
        at = int(1000 * entry.accepted_at.timestamp())
        return as_json({"message": {"recipient": recipient, "timestamp": at, "body": body}})

    def refused(self, code: str) -> Response:
        return as_json({"code": code, "message": "invented"}, _STATUSES.get(code, 400))

    def new_id(self, number: int, wish: Wish) -> str:
        return f"mid.{hashlib.sha256(f'{wish.account.key} {number}'.encode()).hexdigest()[:24]}"

    def said(self, chat_id: str, text: str) -> Payload:
        return self._message(chat_id, {"text": text})

    def card(self, account: GatewayAccount, chat_id: str, phone: str) -> Payload:
        number = phone.removeprefix("+")
        info = f"BEGIN:VCARD\r\nVERSION:3.0\r\nTEL;TYPE=cell:{number}\r\nFN:{NAME}\r\nEND:VCARD\r\n"
        digest = hmac.new(account.secret.encode(), info.encode(), hashlib.sha256).hexdigest()
        payload = {"vcf_info": info, "hash": digest, "max_info": _person(chat_id)}
        return self._message(chat_id, {"text": None, "attachments": [{"type": "contact", "payload": payload}]})

    def turned(self, chat_id: str, *, away: bool) -> Payload:
        sort = "bot_stopped" if away else "bot_started"
        return {"update_type": sort, **self._at(), "chat_id": int(chat_id), "user": _person(chat_id)}

    def sent_file(
        self, account: GatewayAccount, chat_id: str, text: str, file: SentFile, base: str
    ) -> Callback | None:
        """Let a person send a file: its address stands in the message."""
        link = self.files.link(self.files.keep(file))
        attached: Payload = {"type": file.sort, "payload": {"url": f"{base}files/{link}", "token": "t"}}
        named: Payload = {"filename": file.name, "size": len(file.content)} if file.sort == "file" else {}
        return update_of(account, self._message(chat_id, {"text": text, "attachments": [{**attached, **named}]}))

    def _message(self, chat_id: str, content: Payload) -> Payload:
        number = next(self.numbers)
        recipient = {"chat_id": int(chat_id), "chat_type": "dialog", "user_id": int(DEMO_BOT)}
        body = {"mid": f"mid.in{number}", "seq": number, **content}
        message = {"sender": _person(chat_id), "recipient": recipient, **self._at(), "body": body}
        return {"update_type": "message_created", **self._at(), "message": message, "user_locale": "ru"}

    def _at(self) -> Payload:
        return {"timestamp": int(1000 * self.now())}

    async def _send(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return self.refused(self.token_code)
        text = (await object_of(request) or {}).get("text")
        whom = request.query_params.get("user_id") or request.query_params.get("chat_id")
        if whom is None or not isinstance(text, str) or not 0 < len(text) <= TEXT:
            return self.refused("proto.payload")
        return await self.answer(request, Wish(account, whom, text))

    async def _order(self, request: Request) -> Response:
        """Order updates; here the last order counts."""
        account, body = self._account(request), await object_of(request) or {}
        if account is None:
            return self.refused(self.token_code)
        if not isinstance(body.get("url"), str):
            return self.refused("proto.payload")
        self.webhook_secret = str(body.get("secret", ""))
        self.subscribe(account, str(body["url"]))
        return as_json({"success": True})

    def _account(self, request: Request) -> GatewayAccount | None:
        given = request.headers.get("authorization")
        return next((one for one in self.accounts.values() if one.secret == given), None)


def _person(chat_id: str) -> Payload:
    return {"user_id": int(chat_id), "first_name": NAME, "last_name": None, "is_bot": False}
