"""What a request says, as one digest: the same for two presses of one button and for a form builder's retry."""

import hashlib
import json

from services.intake.formats.payload import object_of
from services.intake.formats.rules import RawRequest, UnreadableError

# What differs each time though nothing else does: marks against forgery and robots, the page's clock.
_PASSING = frozenset({
    "token", "_token", "csrf", "_csrf", "csrf_token", "csrfmiddlewaretoken", "_wpnonce", "nonce", "sessid",
    "g-recaptcha-response", "h-captcha-response", "cf-turnstile-response", "smart-token", "captcha", "recaptcha",
    "timestamp", "time", "ts", "date", "datetime", "created_at", "sent_at", "submitted_at", "_", "rand", "random",
    "cookies",
})  # fmt: skip


def digest_of(raw: RawRequest, charset: str | None = None) -> str:
    """Return the digest of a request's fields in any order; of one that cannot be read, of its bytes."""
    try:
        payload = object_of(raw, charset)
    except UnreadableError:
        return hashlib.sha256(raw.query + b"\n" + raw.body).hexdigest()
    said = {name: value for name, value in payload.items() if name.lower() not in _PASSING}
    text = json.dumps(said, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
