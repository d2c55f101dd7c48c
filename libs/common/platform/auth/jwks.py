"""The issuer's public keys (RFC 7517): fetched, cached, rotated, and kept while the issuer is down.

All times are the technical clock (monotonic seconds): moving the business clock must not make a key valid.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from libs.common.platform.lean import without
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import start_apart

if TYPE_CHECKING:
    import httpx

MAX_AGE = 300.0  # seconds until the set is read again
MIN_INTERVAL = 15.0  # seconds between two reads that unknown key ids or failures may cause
FIRST_INTERVAL = 1.0  # the same until the first one has succeeded
MAX_SIZE = 256 * 1024  # bytes
_RSA_BITS = 2048

log = get_logger(__name__)


class KeysUnavailableError(Exception):
    """No key set was read yet and the issuer does not answer."""


class UnknownKeyError(Exception):
    """The issuer has no such signing key."""


class KeySource(Protocol):
    """Where the JWKS document comes from."""

    async def read(self) -> bytes:
        """Return the document. Raises OSError or ValueError."""
        ...


class UrlKeys:
    """A JWKS URL; one read takes at most 5 s and 256 KiB, redirects are not followed."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport
        self._authorities: ssl.SSLContext | None = None

    async def read(self) -> bytes:
        with without("click"):  # of its command line; it is loaded where keys have a URL alone
            import httpx

        body = bytearray()
        try:
            async with (
                asyncio.timeout(5),
                httpx.AsyncClient(transport=self._transport, verify=self._trusted()) as client,
                client.stream("GET", self._url) as answer,
            ):
                answer.raise_for_status()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_SIZE:
                        raise ValueError("the key set is too large")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if _is_mistrust(error):
                self._authorities = None  # the issuer's may be a new one
            raise OSError(str(error)) from error
        return bytes(body)

    def _trusted(self) -> ssl.SSLContext:
        """Return the authorities that we trust: reading them takes 25 to 60 ms, in which no request is answered."""
        import httpx

        self._authorities = self._authorities or httpx.create_ssl_context()
        return self._authorities


def _is_mistrust(error: BaseException) -> bool:
    """Return whether TLS has failed: the client says so by what its error came from."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__
    return cause is not None


class FileKeys:
    """A JWKS file, read again like a URL, so that keys rotate without a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> bytes:
        return await asyncio.to_thread(self._path.read_bytes)


class SigningKey:
    """A public key with the one algorithm it may be used for: the token's header never chooses (RFC 8725 §3.1)."""

    __slots__ = ("algorithm", "public")

    def __init__(self, public: RSAPublicKey | EllipticCurvePublicKey) -> None:
        self.public = public
        self.algorithm = "RS256" if isinstance(public, RSAPublicKey) else "ES256"


class KeySet:
    """The usable keys of one source by key id. `generation` grows with every read that changed them."""

    def __init__(self, source: KeySource, now: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._now = now
        self._keys: dict[str | None, SigningKey] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None
        self.generation = 0

    async def first_read(self) -> None:
        """Return once the set was read; a read that has begun is finished even so. Raises KeysUnavailableError."""
        if self._read_at is None:
            await asyncio.shield(self._refresh_behind())
        if self._read_at is None:
            raise KeysUnavailableError

    async def key(self, kid: str | None) -> SigningKey:
        """Return the key `kid`; without an id, the only one. Raises UnknownKeyError, KeysUnavailableError."""
        if self._read_at is None:
            await self._refresh()
        elif self._now() - self._read_at > MAX_AGE:
            self._refresh_behind()
        found = self._find(kid)
        if found is None:
            await self._refresh()
            found = self._find(kid)
        if found is None:
            raise KeysUnavailableError if self._read_at is None else UnknownKeyError(kid)
        return found

    def _find(self, kid: str | None) -> SigningKey | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _refresh_behind(self) -> asyncio.Task[None]:
        # The cached keys stay in use meanwhile: a slow issuer must not slow every request.
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = start_apart(self._refresh(), "jwks")
        return self._refreshing

    async def _refresh(self) -> None:
        async with self._lock:
            interval = FIRST_INTERVAL if self._read_at is None else MIN_INTERVAL
            if self._tried_at is not None and self._now() - self._tried_at < interval:
                return
            self._tried_at = self._now()
            try:
                keys = parse_keys(await self._source.read())
            except (OSError, TimeoutError, ValueError) as error:
                cause = error.__cause__ if type(error) is OSError and error.__cause__ else error
                log.warning("key set not read", error=type(cause).__name__, keys=len(self._keys))
                return
            self._keys, self._read_at = keys, self._now()
            self.generation += 1


def parse_keys(document: bytes) -> dict[str | None, SigningKey]:
    """Return a JWKS's signing keys: RSA of 2048 bits or more, EC P-256. Raises ValueError if there is none."""
    parsed = orjson.loads(document)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no member 'keys'")  # noqa: TRY004 - one error for every unusable document
    keys: dict[str | None, SigningKey] = {}
    for entry in entries:
        if isinstance(entry, dict) and (public := _public_key(entry)) is not None:
            kid = entry.get("kid")
            keys[kid if isinstance(kid, str) else None] = SigningKey(public)
    if not keys:
        raise ValueError("no usable key")
    return keys


def _public_key(entry: dict[str, object]) -> RSAPublicKey | EllipticCurvePublicKey | None:
    if entry.get("use", "sig") != "sig" or entry.get("kty") not in {"RSA", "EC"}:
        return None
    try:
        key = jwt.PyJWK(entry).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey):
        return key if key.key_size >= _RSA_BITS else None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None
