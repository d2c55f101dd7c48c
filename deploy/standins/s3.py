"""A stand-in for the S3 API: objects in memory, the bucket in the path, every request's signature checked.

Signatures are version 4 as Amazon describes them: of headers, or in the query of an address that was given out. The
key of a failure on demand is the object's own.
"""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.faults import KIND, Dice, Failure, Mode
from deploy.standins.server import cut

DEMO_BUCKET, DEMO_REGION = "demo-media", "ru-central1"
DEMO_KEY, DEMO_SECRET = "demo-s3-key", "demo-s3-secret"
ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
_STAMP = "%Y%m%dT%H%M%SZ"
_SHOWN = ("content-type", "content-disposition")


class Stored(NamedTuple):
    """An object, and the headers with which it is given out."""

    content: bytes
    headers: Mapping[str, str]


class _Refusal(NamedTuple):
    status: int
    code: str


@dataclass
class S3Standin:
    """One bucket with one key."""

    bucket: str = DEMO_BUCKET
    region: str = DEMO_REGION
    key: str = DEMO_KEY
    secret: str = DEMO_SECRET
    objects: dict[str, Stored] = field(default_factory=dict)
    dice: Dice = field(default_factory=lambda: Dice(KIND, 0))
    code: str = "s3"
    waiting: int = 0  # it calls nobody back

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Nothing runs beside the answers."""
        yield

    def routes(self) -> Sequence[Route]:
        return [Route("/{bucket}/{key:path}", self._answer, methods=["GET", "PUT", "DELETE"])]

    async def _answer(self, request: Request) -> Response:
        body, key = await request.body(), request.path_params["key"]
        if refusal := self._refusal(request, body):
            return _error(*refusal)
        match self.dice.failure(key):
            case Failure(Mode.HTTP, status):
                return Response(status_code=int(status))
            case Failure(Mode.LOSE):
                self._do(request, key, body)
                return await cut(request)
            case Failure(Mode.HANG, seconds):
                await asyncio.sleep(float(seconds))
        return self._do(request, key, body)

    def _do(self, request: Request, key: str, body: bytes) -> Response:
        match request.method:
            case "PUT":
                shown = {name: value for name in _SHOWN if (value := request.headers.get(name))}
                self.objects[key] = Stored(body, shown)
                return Response(headers={"etag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'})
            case "DELETE":
                self.objects.pop(key, None)
                return Response(status_code=204)
            case _ if key in self.objects:
                return Response(self.objects[key].content, headers=dict(self.objects[key].headers))
            case _:
                return _error(404, "NoSuchKey")

    def _refusal(self, request: Request, body: bytes) -> _Refusal | None:
        query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        in_query = "X-Amz-Signature" in query
        proof = _of_query(query) if in_query else _of_header(request.headers.get("authorization", ""))
        stamp = query.get("X-Amz-Date") if in_query else request.headers.get("x-amz-date")
        if proof is None or stamp is None:
            return _Refusal(403, "AccessDenied")
        signed_at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        lasts = timedelta(seconds=int(query["X-Amz-Expires"])) if in_query else SKEW
        if not signed_at - SKEW < datetime.now(UTC) < signed_at + lasts:
            return _Refusal(403, "AccessDenied" if in_query else "RequestTimeTooSkewed")
        digest = "UNSIGNED-PAYLOAD" if in_query else request.headers.get("x-amz-content-sha256", "")
        if digest not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return _Refusal(400, "XAmzContentSHA256Mismatch")
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        if proof.credential != f"{self.key}/{scope}":
            return _Refusal(403, "InvalidAccessKeyId")
        wanted = self._signature(stamp, scope, canonical(request, query, proof.signed, digest))
        if not hmac.compare_digest(proof.signature, wanted):
            return _Refusal(403, "SignatureDoesNotMatch")
        return None if request.path_params["bucket"] == self.bucket else _Refusal(404, "NoSuchBucket")

    def _signature(self, stamp: str, scope: str, request: str) -> str:
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class _Proof(NamedTuple):
    credential: str
    signed: Sequence[str]
    signature: str


def _of_header(header: str) -> _Proof | None:
    algorithm, _, rest = header.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if algorithm != ALGORITHM or not {"Credential", "SignedHeaders", "Signature"} <= parts.keys():
        return None
    return _Proof(parts["Credential"], parts["SignedHeaders"].split(";"), parts["Signature"])


def _of_query(query: Mapping[str, str]) -> _Proof | None:
    names = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Expires")
    if query.get("X-Amz-Algorithm") != ALGORITHM or not all(name in query for name in names):
        return None
    return _Proof(query[names[0]], query[names[1]].split(";"), query[names[2]])


def canonical(request: Request, query: Mapping[str, str], signed: Sequence[str], digest: str) -> str:
    """Return the text that is signed of a request."""
    named = sorted((name, value) for name, value in query.items() if name != "X-Amz-Signature")
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed)
    return "\n".join(
        (
            request.method,
            request.scope["raw_path"].decode("latin-1"),
            "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in named),
            headers,
            ";".join(signed),
            digest,
        )
    )


def _error(status: int, code: str) -> Response:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>invented</Message></Error>"
    return Response(body, status, media_type="application/xml")
