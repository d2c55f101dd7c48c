"""A stand-in for the incoming webhook of a team's chat: words for answers, and no status after them."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Post
from deploy.standins.control import object_of
from deploy.standins.faults import Failure
from deploy.standins.journal import Entry
from deploy.standins.provider import GatewayAccount, ProviderStandin, Wish

DEMO_WEBHOOK = "demo-team-webhook"
_STATUSES: Mapping[str, int] = {
    "invalid_token": 403,
    "action_prohibited": 403,
    "no_service": 404,
    "channel_not_found": 404,
    "channel_is_archived": 410,
    "rate_limited": 429,
    "rollup_error": 500,
}


class TeamWebhookStandin(ProviderStandin):
    """The account is the key at the end of the address. A channel has no address of a customer to refuse."""

    code: ClassVar[str] = "team_webhook"
    reports: ClassVar[bool] = False
    address_code: ClassVar[str] = ""
    rate_code: ClassVar[str] = "rate_limited"
    token_code: ClassVar[str] = "invalid_token"  # noqa: S105 - an error code
    demo_key: ClassVar[str] = DEMO_WEBHOOK
    demo_secret: ClassVar[str] = DEMO_WEBHOOK

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {"url": f"https://chat.example.com/hooks/{account.key}"}

    def own_routes(self) -> Sequence[Route]:
        return [Route("/hooks/{key}", self._send, methods=["POST"])]

    def accepted(self, entry: Entry) -> Response:
        del entry
        return PlainTextResponse("ok")

    def refused(self, code: str) -> Response:
        headers = {"retry-after": "1"} if code == self.rate_code else None
        return PlainTextResponse(code, _STATUSES.get(code, 400), headers)

    def new_id(self, number: int, wish: Wish) -> str:
        del wish
        return str(number)

    def post(self, batch: Sequence[Callback]) -> Post | None:
        del batch
        return None

    def failure_of(self, wish: Wish) -> Failure | None:
        del wish
        return None

    async def _send(self, request: Request) -> Response:
        account = self.accounts.get(request.path_params["key"])
        if account is None:
            return self.refused("no_service")
        body = await object_of(request)
        if body is None:
            return self.refused("invalid_payload")
        text = body.get("text")
        if not isinstance(text, str) or not text:
            return self.refused("no_text")
        return await self.answer(request, Wish(account, account.key, text))
