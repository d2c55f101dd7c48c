"""The proof of a sender by a shared token, compared in constant time."""

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from libs.common.platform.auth.webhooks import same_secret
from services.intake.formats.base import Proof
from services.intake.formats.payload import object_of
from services.intake.formats.rules import RawRequest, UnreadableError


def token_proof(raw: RawRequest, secrets: Sequence[str], fields: Sequence[str] = ()) -> Proof:
    """Return whether the request has one of the tokens; `fields`: form fields that may hold it."""
    given = given_token(raw)
    return proof_of(_token_in(raw, fields) if given is None else given, secrets)


def proof_of(given: bytes | str | None, secrets: Sequence[str]) -> Proof:
    """Return whether what was given is one of the secrets, the newest first."""
    # All secrets are compared, so that the time does not depend on which one matches.
    matches = [same_secret(given, secret) for secret in secrets]
    if not any(matches):
        return Proof.REFUSED
    return Proof.CURRENT if matches[0] else Proof.PREVIOUS


def given_token(raw: RawRequest) -> bytes | None:
    """Return the token of the header `X-Source-Token`, the query's `token`, or the password of Basic."""
    header = raw.headers.get("x-source-token")
    if header is not None:
        return header.strip().encode("utf-8", "surrogateescape")
    for part in raw.query.split(b"&"):
        if part.startswith(b"token="):
            return unquote_to_bytes(part[6:].replace(b"+", b" "))
    scheme, _, credentials = raw.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return None
    return None


def _token_in(raw: RawRequest, fields: Sequence[str]) -> str | None:
    if not fields:
        return None
    try:
        payload = object_of(raw)
    except UnreadableError:
        return None
    given = [value for name in fields if isinstance(value := payload.get(name), str)]
    return given[0] if given else None
