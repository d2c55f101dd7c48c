"""A stand-in for a push service of browsers (RFC 8030): it takes what is signed, and keeps it."""

import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Post
from deploy.standins.faults import Failure, Mode
from deploy.standins.journal import Entry
from deploy.standins.provider import GatewayAccount, ProviderStandin, Wish

MAX_BODY = 4096  # bytes
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push that was taken: by which subscription, with which headers, and its encrypted body."""

    subscription: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _PushWish(Wish):
    """A wish with the request it came in."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class WebPushStandin(ProviderStandin):
    """Any subscription there is, but one that ends like a refused number: that one is gone."""

    code: ClassVar[str] = "web_push"
    reports: ClassVar[bool] = False
    address_code: ClassVar[str] = "410"
    rate_code: ClassVar[str] = "429"
    token_code: ClassVar[str] = "403"  # noqa: S105 - a status
    demo_key: ClassVar[str] = "demo-browser"
    demo_secret: ClassVar[str] = ""
    #: What was taken, in its order.
    pushes: list[Pushed]

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        del account
        return {}

    def own_routes(self) -> Sequence[Route]:
        self.pushes = []
        return [Route("/send/{subscription}", self._push, methods=["POST"])]

    def accepted(self, entry: Entry) -> Response:
        return Response(status_code=201, headers={"location": f"/message/{entry.message_id}"})

    def refused(self, code: str) -> Response:
        return Response(status_code=int(code), headers={"retry-after": "1"} if code == self.rate_code else None)

    def new_id(self, number: int, wish: Wish) -> str:
        return f"{wish.chat_id}-{number}"

    def taken(self, wish: Wish) -> None:
        if isinstance(wish, _PushWish):
            self.pushes.append(Pushed(wish.chat_id, wish.headers, wish.body))

    def post(self, batch: Sequence[Callback]) -> Post | None:
        del batch
        return None

    def failure_of(self, wish: Wish) -> Failure | None:
        failure = super().failure_of(wish)
        return failure or (Failure(Mode.CODE, "413") if len(wish.text) > MAX_BODY * 4 / 3 + 4 else None)

    async def _push(self, request: Request) -> Response:
        if not request.headers.get("ttl", "").isdecimal() or request.headers.get("content-encoding") != "aes128gcm":
            return Response(status_code=400)
        if not _shows_who_sends(request):
            return Response(status_code=401)
        subscription, body = request.path_params["subscription"], await request.body()
        account = next(iter(self.accounts.values()))
        text = base64.urlsafe_b64encode(body).decode()
        return await self.answer(
            request, _PushWish(account, subscription, text, headers=dict(request.headers), body=body)
        )


def _shows_who_sends(request: Request) -> bool:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    given = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    try:
        raw = base64.urlsafe_b64decode(given["k"] + "==")
        key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
        origin = str(request.base_url).rstrip("/").removesuffix(f"/{WebPushStandin.code}")
        claims = jwt.decode(given["t"], key, algorithms=["ES256"], audience=origin, options={"require": ["exp"]})
    except (KeyError, ValueError, jwt.InvalidTokenError):
        return False
    lasts = claims["exp"] - time.time()
    return scheme == "vapid" and lasts <= _DAY and str(claims.get("sub", "")).startswith(("mailto:", "https:"))
