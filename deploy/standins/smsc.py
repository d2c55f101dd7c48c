"""A stand-in for SMSC.ru: HTTP 200 for everything, errors inside; statuses by callback and on demand."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Post
from deploy.standins.control import as_json
from deploy.standins.journal import Entry, Status
from deploy.standins.provider import GatewayAccount, ProviderStandin, Wish, moment

DEMO_LOGIN = "demo"
DEMO_PASSWORD = "demo-smsc-password"  # noqa: S105 - guards nothing
DEMO_CALLBACK_SECRET = "demo-smsc-callbacks"  # noqa: S105 - guards nothing
_CODES = {Status.SENT: "0", Status.DELIVERED: "1", Status.READ: "2", Status.ERROR: "20"}


class SmscStandin(ProviderStandin):
    """The account is a login. A message is known by our number and the phone."""

    code: ClassVar[str] = "smsc"
    address_code: ClassVar[str] = "7"
    rate_code: ClassVar[str] = "9"
    token_code: ClassVar[str] = "2"  # noqa: S105 - an error code
    callback_secret: str = DEMO_CALLBACK_SECRET
    demo_key: ClassVar[str] = DEMO_LOGIN
    demo_secret: ClassVar[str] = DEMO_PASSWORD

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {"login": account.key, "password": account.secret, "callback_secret": DEMO_CALLBACK_SECRET}

    def own_routes(self) -> Sequence[Route]:
        return [
            Route("/sys/send.php", self._send, methods=["POST"]),
            Route("/sys/status.php", self._status, methods=["POST"]),
        ]

    def accepted(self, entry: Entry) -> Response:
        own = int(entry.message_id.partition(":")[0])
        return as_json({"id": own, "cnt": 1, "cost": "4.10", "balance": "950.20"})

    def refused(self, code: str) -> Response:
        return as_json({"error": "invented", "error_code": int(code)})

    def new_id(self, number: int, wish: Wish) -> str:
        return wish.reference or f"{number}:{wish.chat_id}"

    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return one callback with both digests."""
        (callback,) = batch
        entry = self.journal.entries.get(str(callback.payload["id"]))
        url = self.accounts[entry.key].callbacks if entry else ""
        if entry is None or not url:
            return None
        own, _, phone = entry.message_id.partition(":")
        status = str(callback.payload["code"] or _CODES[Status(str(callback.payload["status"]))])
        signed = f"{own}:{phone}:{status}:{self.callback_secret}".encode()
        form = {
            "id": own,
            "phone": phone,
            "status": status,
            "ts": str(int(moment(callback.payload).timestamp())),
            "err": "0",
            "md5": hashlib.md5(signed, usedforsecurity=False).hexdigest(),
            "sha1": hashlib.sha1(signed, usedforsecurity=False).hexdigest(),
        }
        return Post(url, urlencode(form).encode(), {"content-type": "application/x-www-form-urlencoded"})

    async def _send(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        account = self._account(form)
        if account is None:
            return self.refused(self.token_code)
        if form.get("charset") != "utf-8" or not form.get("mes"):
            return self.refused("1")
        own, phone = form.get("id", ""), form.get("phones", "")
        return await self.answer(request, Wish(account, phone, form["mes"], f"{own}:{phone}" if own else None))

    async def _status(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if self._account(form) is None:
            return self.refused(self.token_code)
        status = self.status_of(f"{form.get('id')}:{form.get('phone')}")
        code = -3 if status is None else int(_CODES[Status(status)])
        return as_json({"status": code, "last_date": "", "last_timestamp": 0, "err": 0})

    def _account(self, form: dict[str, str]) -> GatewayAccount | None:
        account = self.accounts.get(form.get("login", ""))
        return account if account is not None and form.get("psw") == account.secret else None
