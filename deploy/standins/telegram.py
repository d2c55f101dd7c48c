"""A stand-in for Telegram's Bot API: the token in the path, words for refusals, updates with our secret."""

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

DEMO_BOT = "900000002"
DEMO_KEY = "demo-telegram-key"
TEXT = 4096  # units of UTF-16
LARGEST = 20 * 1024 * 1024  # bytes of a file that bots are given
_ERRORS: Mapping[str, tuple[int, str]] = {
    "unauthorized": (401, "Unauthorized"),
    "chat_not_found": (400, "Bad Request: chat not found"),
    "blocked": (403, "Forbidden: bot was blocked by the user"),
    "kicked": (403, "Forbidden: bot was kicked from the supergroup chat"),
    "migrated": (400, "Bad Request: group chat was upgraded to a supergroup chat"),
    "empty": (400, "Bad Request: message text is empty"),
    "too_long": (400, "Bad Request: message is too long"),
    "no_file": (400, "Bad Request: wrong file_id or the file is temporarily unavailable"),
    "too_big": (400, "Bad Request: file is too big"),
    "too_many": (429, "Too Many Requests: retry after 1"),
    "bad_webhook": (400, "Bad Request: bad webhook: an HTTPS URL must be provided for webhook"),
}
_PARAMETERS: Mapping[str, object] = {
    "too_many": {"retry_after": 1},
    "migrated": {"migrate_to_chat_id": -1000000000042},
}


class TelegramStandin(BotStandin):
    """The account is the bot's id, its secret the rest of the token."""

    code: ClassVar[str] = "telegram"
    secret_header: ClassVar[str] = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
    address_code: ClassVar[str] = "chat_not_found"
    rate_code: ClassVar[str] = "too_many"
    token_code: ClassVar[str] = "unauthorized"  # noqa: S105 - an error code
    blocked_code: ClassVar[str] = "blocked"
    demo_key: ClassVar[str] = DEMO_BOT
    demo_secret: ClassVar[str] = DEMO_KEY

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {"bot_token": f"{account.key}:{account.secret}", "webhook_secret": DEMO_WEBHOOK_SECRET}

    def own_routes(self) -> Sequence[Route]:
        return [
            Route("/bot{token}/sendMessage", self._send, methods=["POST"]),
            Route("/bot{token}/setWebhook", self._set_webhook, methods=["POST"]),
            Route("/bot{token}/getFile", self._where, methods=["POST"]),
            Route("/file/bot{token}/{folder}/{link}", self._give),
        ]

    def accepted(self, entry: Entry) -> Response:
        chat, _, message_id = entry.message_id.rpartition(":")
        sort = "supergroup" if chat.startswith("-") else "private"
        at = int(entry.accepted_at.timestamp())
        sent = {
            "message_id": int(message_id),
            "chat": {"id": int(chat), "type": sort},
            "date": at,
            "text": entry.text,
        }
        return as_json({"ok": True, "result": sent})

    def refused(self, code: str) -> Response:
        status, words = _ERRORS[code]
        body = {"ok": False, "error_code": status, "description": words}
        more = {"parameters": _PARAMETERS[code]} if code in _PARAMETERS else {}
        return as_json({**body, **more}, status)

    def new_id(self, number: int, wish: Wish) -> str:
        return f"{wish.chat_id}:{number}"

    def said(self, chat_id: str, text: str) -> Payload:
        return self._message(chat_id, text=text)

    def card(self, account: GatewayAccount, chat_id: str, phone: str) -> Payload:
        del account
        contact = {"phone_number": phone.removeprefix("+"), "first_name": NAME, "user_id": int(chat_id)}
        return self._message(chat_id, contact=contact)

    def turned(self, chat_id: str, *, away: bool) -> Payload:
        words = ("member", "kicked") if away else ("kicked", "member")
        before, after = ({"user": {"id": int(DEMO_BOT), "is_bot": True}, "status": word} for word in words)
        changed = {**_place(chat_id), "date": int(self.now()), "old_chat_member": before, "new_chat_member": after}
        return {"update_id": next(self.numbers), "my_chat_member": changed}

    def _message(self, chat_id: str, **content: object) -> Payload:
        said = {"message_id": next(self.numbers), **_place(chat_id), "date": int(self.now()), **content}
        return {"update_id": next(self.numbers), "message": said}

    def sent_file(
        self, account: GatewayAccount, chat_id: str, text: str, file: SentFile, base: str
    ) -> Callback | None:
        """Let a person send a file; a picture comes in several sizes, the largest last."""
        del base
        shown = {"file_id": self.files.keep(file), "file_unique_id": "u", "file_size": len(file.content)}
        if file.sort == "photo":
            content: Payload = {"photo": [{**shown, "file_id": "thumbnail", "file_size": 1}, shown]}
        else:
            names = {"mime_type": file.mime, "file_name": file.name}
            content = {file.sort: {**shown, **{name: value for name, value in names.items() if value}}}
        return update_of(account, self._message(chat_id, **content, **({"caption": text} if text else {})))

    async def _where(self, request: Request) -> Response:
        """Say the path of a file of at most 20 MB."""
        if self._account(request) is None:
            return self.refused(self.token_code)
        file_id = str((await object_of(request) or {}).get("file_id"))
        file = self.files.known(file_id)
        if file is None or len(file.content) > LARGEST:
            return self.refused("no_file" if file is None else "too_big")
        path = f"{file.sort}s/{self.files.link(file_id)}"
        return as_json({"ok": True, "result": {"file_id": file_id, "file_unique_id": "u", "file_path": path}})

    async def _give(self, request: Request) -> Response:
        if self._account(request) is None:
            return self.refused(self.token_code)
        return await self.give_file(request)

    async def _send(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return self.refused(self.token_code)
        body = await object_of(request) or {}
        chat, text = str(body.get("chat_id")), body.get("text")
        if not isinstance(text, str) or not text.strip():
            return self.refused("empty")
        if len(text.encode("utf-16-le")) > 2 * TEXT:
            return self.refused("too_long")
        return await self.answer(request, Wish(account, chat, text))

    async def _set_webhook(self, request: Request) -> Response:
        account, body = self._account(request), await object_of(request) or {}
        if account is None:
            return self.refused(self.token_code)
        if not isinstance(body.get("url"), str):
            return self.refused("bad_webhook")
        self.webhook_secret = str(body.get("secret_token", ""))
        self.subscribe(account, str(body["url"]))
        return as_json({"ok": True, "result": True, "description": "Webhook was set"})

    def _account(self, request: Request) -> GatewayAccount | None:
        bot, _, key = request.path_params["token"].partition(":")
        account = self.accounts.get(bot)
        return account if account is not None and account.secret == key else None


def _place(chat_id: str) -> Payload:
    person = {"id": int(chat_id), "first_name": NAME}
    return {"from": {**person, "is_bot": False, "language_code": "ru"}, "chat": {**person, "type": "private"}}
