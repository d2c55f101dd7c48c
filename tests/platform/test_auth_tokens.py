"""Bearer tokens: who is believed, for how long, and by which keys."""

import base64
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import Depends
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from prometheus_client import CollectorRegistry

from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.jwks import (
    MAX_AGE,
    MIN_INTERVAL,
    FileKeys,
    KeySet,
    KeySource,
    KeysUnavailableError,
    UrlKeys,
    parse_keys,
)
from libs.common.platform.auth.jwt import JwtVerifier, TokenError
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.app import create_app
from libs.common.platform.http.routes import api_router
from libs.common.testkit.issuer import AUDIENCE, ISSUER, InlineKeys, TokenIssuer


@dataclass
class Issuer:
    """A source of keys that rotates, fails and counts."""

    documents: list[bytes]
    down: bool = False
    reads: int = 0
    clock: float = 0.0
    keys: KeySet = field(init=False)

    def __post_init__(self) -> None:
        self.keys = KeySet(self, now=lambda: self.clock)

    async def read(self) -> bytes:
        self.reads += 1
        if self.down:
            raise OSError("down")
        return self.documents[-1]

    def verifier(self) -> JwtVerifier:
        return JwtVerifier(self.keys, issuer=ISSUER, audience=AUDIENCE)


def document(*issuers: TokenIssuer) -> bytes:
    keys = [key for issuer in issuers for key in issuer.jwks()["keys"]]
    return json.dumps({"keys": keys}).encode()


OLD, NEW = TokenIssuer.generate("old"), TokenIssuer.generate("new")


async def test_a_good_token_names_its_caller() -> None:
    token = OLD.token("op-1", ["operator", "offline_access"], ["demo"], partner_id="p-1")
    caller = await Issuer([document(OLD)]).verifier().verify(token)
    assert caller == Principal("op-1", frozenset({Role.OPERATOR}), frozenset({"demo"}), "p-1")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "others"},
        {"iss": "https://evil.test"},
        {"exp": int(time.time()) - 31},
        {"exp": "soon"},
        {"nbf": int(time.time()) + 3600},
        {"sub": ""},
        {"sub": "a\x00b"},
        {"sub": None},
        {"roles": "admin"},
        {"roles": [{"admin": True}]},
        {"desks": {"demo": 1}},
        {"partner_id": 7},
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(TokenError):
        await Issuer([document(OLD)]).verifier().verify(sign({**jwt_claims(), **claims}))


@pytest.mark.parametrize("missing", ["exp", "aud", "iss", "sub"])
async def test_a_token_without_a_needed_claim_is_refused(missing: str) -> None:
    claims = {name: value for name, value in jwt_claims().items() if name != missing}
    with pytest.raises(TokenError):
        await (
            Issuer([document(OLD)]).verifier().verify(jwt.encode(claims, OLD._key, "ES256", headers={"kid": "old"}))
        )


async def test_half_a_minute_of_skew_is_forgiven() -> None:
    token = OLD.token("op-1", [], lifetime=timedelta(seconds=-25))
    assert (await Issuer([document(OLD)]).verifier().verify(token)).sub == "op-1"


def sign(claims: dict[str, object]) -> str:
    return jwt.encode(claims, OLD._key, "ES256", headers={"kid": "old"})


def jwt_claims() -> dict[str, object]:
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "op-1", "exp": int(time.time()) + 60}


def forged() -> Sequence[str]:
    none = jwt.encode(jwt_claims(), "", algorithm="none", headers={"kid": "old"})
    symmetric = jwt.encode(jwt_claims(), "x" * 32, algorithm="HS256", headers={"kid": "old"})
    stolen = TokenIssuer.generate("old").token("op-1", ["admin"])
    embedded = jwt.encode(jwt_claims(), NEW._key, "ES256", headers={"jwk": NEW.jwks()["keys"][0]})
    garbage = base64.urlsafe_b64encode(b'{"alg":[],"kid":{}}').decode() + ".e30.x"
    return [none, symmetric, stolen, embedded, garbage, "", "a.b.c", "ё", "x" * 9000]


@pytest.mark.parametrize("token", forged(), ids=range(9))
async def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        await Issuer([document(OLD)]).verifier().verify(token)


async def test_rs256_is_taken_from_a_strong_key_alone() -> None:
    strong, weak = [rsa.generate_private_key(65537, bits) for bits in (2048, 1024)]
    entries = [
        {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": name}
        for key, name in ((strong, "s"), (weak, "w"))
    ]
    token = jwt.encode(jwt_claims(), strong, "RS256", headers={"kid": "s"})
    raw = json.dumps({"keys": entries}).encode()
    assert (await Issuer([raw]).verifier().verify(token)).sub == "op-1"
    assert set(parse_keys(raw)) == {"s"}


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": [{"kty": "RSA"}]}', b'{"keys": [1]}']
)
def test_a_useless_key_set_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any message: the caller logs the kind alone
        parse_keys(raw)


def test_keys_for_encryption_and_other_curves_are_left_out() -> None:
    other = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
    usable = json.loads(document(OLD, NEW))["keys"]
    raw = json.dumps({"keys": [{**usable[0], "use": "enc"}, {**other, "kid": "p384"}, usable[1]]}).encode()
    assert set(parse_keys(raw)) == {"new"}


async def test_a_new_key_is_fetched_when_first_seen_and_strangers_do_not_storm_the_issuer() -> None:
    issuer = Issuer([document(OLD)])
    verifier = issuer.verifier()
    await verifier.verify(OLD.token("a", []))
    issuer.documents.append(document(OLD, NEW))
    for _ in range(5):
        with pytest.raises(TokenError):
            await verifier.verify(TokenIssuer.generate("stranger").token("x", []))
    assert issuer.reads == 1
    issuer.clock += MIN_INTERVAL + 1
    assert (await verifier.verify(NEW.token("b", []))).sub == "b"


async def test_an_address_that_is_none_is_an_issuer_that_is_away() -> None:
    with pytest.raises(KeysUnavailableError):
        await KeySet(UrlKeys("http://[::1")).key("old")


async def test_old_keys_serve_while_the_issuer_is_down() -> None:
    issuer = Issuer([document(OLD)])
    verifier = issuer.verifier()
    await verifier.verify(OLD.token("a", []))
    issuer.down, issuer.clock = True, MAX_AGE * 100
    assert (await verifier.verify(OLD.token("b", []))).sub == "b"


async def test_a_withdrawn_key_opens_nothing_once_the_set_was_read_again() -> None:
    issuer = Issuer([document(OLD)])
    verifier, token = issuer.verifier(), OLD.token("a", [])
    await verifier.verify(token)
    issuer.documents.append(document(NEW))
    issuer.clock += MAX_AGE + 1
    assert (await verifier.verify(NEW.token("b", []))).sub == "b"
    with pytest.raises(TokenError):
        await verifier.verify(token)


async def test_without_any_key_no_token_is_judged() -> None:
    issuer = Issuer([document(OLD)], down=True)
    with pytest.raises(KeysUnavailableError):
        await issuer.verifier().verify(OLD.token("a", []))


async def test_a_url_is_read_within_its_size() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"x" * (1 if request.url.path == "/small" else 300_000))

    transport = httpx.MockTransport(answer)
    assert await UrlKeys("https://issuer.test/small", transport).read() == b"x"
    with pytest.raises(ValueError, match="too large"):
        await UrlKeys("https://issuer.test/large", transport).read()


@pytest.mark.parametrize("url", ["https://issuer.test/down", "https://issuer.test/gone", "https://[issuer/keys"])
async def test_a_url_that_cannot_be_read_is_an_error_of_the_system(url: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/down":
            raise httpx.ConnectError("refused")
        return httpx.Response(404)

    with pytest.raises(OSError, match=r"refused|404|Invalid"):
        await UrlKeys(url, httpx.MockTransport(answer)).read()


async def test_authorities_are_read_again_when_the_issuer_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contexts: list[ssl.SSLContext] = []

    def context() -> ssl.SSLContext:
        contexts.append(ssl.create_default_context())
        return contexts[-1]

    errors = [None, None, ConnectionRefusedError(), None, ssl.SSLCertVerificationError(), None]

    def answer(request: httpx.Request) -> httpx.Response:
        del request
        if error := errors.pop(0):
            raise httpx.ConnectError("no connection") from error
        return httpx.Response(200)

    monkeypatch.setattr(httpx, "create_ssl_context", context)
    keys, read = UrlKeys("https://issuer.test/keys", httpx.MockTransport(answer)), []
    for _ in range(len(errors)):
        with contextlib.suppress(OSError):
            await keys.read()
        read.append(len(contexts))
    assert read == [1, 1, 1, 1, 1, 2]


async def test_a_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    source: KeySource = FileKeys(path)
    path.write_bytes(b"1")
    first = await source.read()
    path.write_bytes(b"2")
    assert (first, await source.read()) == (b"1", b"2")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    router = api_router("/tasks/v1", tags=["tasks"])

    @router.get("/any")
    async def any_caller(caller: Annotated[Principal, Depends(require())]) -> str:
        return caller.sub

    @router.get("/staff")
    async def staff(caller: Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.ADMIN))]) -> str:
        return caller.sub

    verifier = JwtVerifier(KeySet(InlineKeys(document(OLD))), issuer=ISSUER, audience=AUDIENCE)
    app = create_app(service="tasks", title="Tasks", routers=[router], registry=CollectorRegistry(), auth=verifier)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://dozvon.test") as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "authorization", "status", "challenge"),
    [
        ("/tasks/v1/any", "", 401, ""),
        ("/tasks/v1/any", "Basic eDp5", 401, ""),
        ("/tasks/v1/any", "Bearer nonsense", 401, ', error="invalid_token"'),
        (
            "/tasks/v1/staff",
            f"Bearer {OLD.token('a', ['operator'])}",
            403,
            ', error="insufficient_scope"',
        ),
    ],
)
async def test_a_refusal_says_how_to_come_in(
    client: httpx.AsyncClient, path: str, authorization: str, status: int, challenge: str
) -> None:
    answer = await client.get(path, headers={"Authorization": authorization} if authorization else {})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (status, f'Bearer realm="dozvon"{challenge}')


@pytest.mark.parametrize(("path", "role"), [("/tasks/v1/any", "partner"), ("/tasks/v1/staff", "supervisor")])
async def test_one_of_the_roles_is_enough(client: httpx.AsyncClient, path: str, role: str) -> None:
    answer = await client.get(path, headers={"Authorization": f"bearer {OLD.token('me', [role])}"})
    assert answer.json() == "me"


async def test_openapi_declares_the_bearer_scheme(client: httpx.AsyncClient) -> None:
    document = (await client.get("/tasks/openapi.json")).json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["paths"]["/tasks/v1/any"]["get"]["security"] == [{"bearer": []}]


@pytest.mark.parametrize(
    ("desks", "desk", "seen"),
    [({"demo"}, "demo", True), ({"demo"}, "other", False), ({"*"}, "other", True), (set(), "demo", False)],
)
@pytest.mark.parametrize("role", Role)
@pytest.mark.req("U23", "P.6")
def test_the_desks_of_a_token_bind_every_role(role: Role, desks: set[str], desk: str, seen: bool) -> None:
    assert Principal("a", frozenset({role}), frozenset(desks)).may_see(desk) is seen
