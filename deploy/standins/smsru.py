"""A stand-in for SMS.ru: codes inside an HTTP 200, one per number; callbacks in batches until they hear `100`."""

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

DEMO_API_ID = "demo-smsru-api-id"
_CODES = {Status.SENT: "102", Status.DELIVERED: "103", Status.READ: "110", Status.ERROR: "108"}


class SmsRuStandin(ProviderStandin):
    """The account is its api_id. It repeats no name of ours."""

    code: ClassVar[str] = "smsru"
    together: ClassVar[int] = 10
    address_code: ClassVar[str] = "202"
    rate_code: ClassVar[str] = "206"
    token_code: ClassVar[str] = "200"  # noqa: S105 - an error code
    demo_key: ClassVar[str] = DEMO_API_ID
    demo_secret: ClassVar[str] = DEMO_API_ID

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {"api_id": account.key}

    def own_routes(self) -> Sequence[Route]:
        return [
            Route("/sms/send", self._send, methods=["POST"]),
            Route("/sms/status", self._status, methods=["POST"]),
            Route("/callback/add", self._add, methods=["POST"]),
        ]

    def accepted(self, entry: Entry) -> Response:
        one = {"status": "OK", "status_code": 100, "sms_id": entry.message_id}
        return as_json({"status": "OK", "status_code": 100, "sms": {entry.chat_id: one}, "balance": 950.2})

    def refused(self, code: str) -> Response:
        return as_json({"status": "ERROR", "status_code": int(code), "status_text": "invented"})

    def new_id(self, number: int, wish: Wish) -> str:
        del wish
        return f"202610-{1_000_000 + number}"

    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return one batch with its hash."""
        entries = [self.journal.entries.get(str(one.payload["id"])) for one in batch]
        account = next((self.accounts[entry.key] for entry in entries if entry), None)
        if account is None or not account.callbacks:
            return None
        values = [
            f"sms_status\n{one.payload['id']}\n{one.payload['code'] or _CODES[Status(str(one.payload['status']))]}"
            f"\n{int(moment(one.payload).timestamp())}"
            for one in batch
        ]
        form = {f"data[{at}]": value for at, value in enumerate(values, 1)}
        form["hash"] = hashlib.sha256(f"{account.key}{''.join(values)}".encode()).hexdigest()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return Post(account.callbacks, urlencode(form).encode(), headers, wants=b"100")

    async def _send(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        account = self.accounts.get(form.get("api_id", ""))
        if account is None:
            return self.refused(self.token_code)
        if not form.get("msg"):
            return self.refused("203")
        return await self.answer(request, Wish(account, form.get("to", ""), form["msg"]))

    async def _status(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get("api_id", "") not in self.accounts:
            return self.refused(self.token_code)
        found: dict[str, object] = {}
        for sms_id in form.get("sms_id", "").split(","):
            status = self.status_of(sms_id)
            code = -1 if status is None else int(_CODES[Status(status)])
            found[sms_id] = {"status": "OK", "status_code": code, "cost": "4.10"}
        return as_json({"status": "OK", "status_code": 100, "sms": found})

    async def _add(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        account: GatewayAccount | None = self.accounts.get(form.get("api_id", ""))
        if account is None:
            return self.refused(self.token_code)
        self.subscribe(account, form.get("url", ""))
        return as_json({"status": "OK", "status_code": 100})
