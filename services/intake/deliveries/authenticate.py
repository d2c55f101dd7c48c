"""Authentication of a source: a shared token or a signature, compared in constant time, before the body is read."""

import base64
import binascii
from urllib.parse import unquote_to_bytes

from libs.common.platform.auth.webhooks import WebhookRefusedError, same_secret
from libs.common.platform.telemetry.logs import get_logger
from services.intake.formats.rules import RawRequest
from services.intake.sources.cache import Known

log = get_logger(__name__)


def is_authentic(known: Known, raw: RawRequest) -> bool:
    """Return whether the request authenticates its sender as the source requires. Never raises."""
    if known.verifier is not None:
        try:
            matched = known.verifier.verify(raw.body, raw.headers)
        except WebhookRefusedError:
            return False
        if matched:
            log.info("request signed with a previous secret", source=known.source.code, desk=known.source.desk)
        return True
    if not known.needs_token:
        return True
    given = given_token(raw)
    # All secrets are compared, so that the time does not depend on which one matches.
    matches = [same_secret(given, secret) for secret in known.secrets]
    return any(matches)


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
