"""Proof of the sender of a webhook: Standard Webhooks 1.0 signatures and shared tokens.

The library raises ValueError for a malformed signature list and UnicodeDecodeError for a body that is not UTF-8.
All its errors become `WebhookRefusedError`, and no message quotes the request.
"""

import base64
import hmac
import time
from collections.abc import Callable, Mapping, Sequence

from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

TOLERANCE = 300  # seconds either way (Standard Webhooks 1.0, *replay attacks*)
MAX_ID = 255
_MIN_SECRET = 24  # bytes


class WebhookRefusedError(Exception):
    """The sender could not be verified."""


class WebhookVerifier:
    """Verify one sender's deliveries by any of several secrets (`whsec_` and base64), the current one first."""

    def __init__(self, secrets: Sequence[SecretStr], now: Callable[[], float] = time.time) -> None:
        """Raises ValueError for a secret that is malformed or shorter than 24 bytes."""
        self._webhooks = [_webhook(secret.get_secret_value()) for secret in secrets]
        self._now = now

    def verify(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Return which secret matched: 0 is the current one, a higher number a previous one.

        Then `webhook-id` is the delivery's idempotency key. Raises WebhookRefusedError.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        self._check(lower)
        for number, webhook in enumerate(self._webhooks):
            if _matches(webhook, body, lower):
                return number
        raise WebhookRefusedError("no signature matches")

    def _check(self, headers: Mapping[str, str]) -> None:
        delivery = headers.get("webhook-id", "")
        if not 0 < len(delivery) <= MAX_ID or not delivery.isprintable():
            raise WebhookRefusedError("webhook-id is missing or malformed")
        stamp = headers.get("webhook-timestamp", "")
        # Whole seconds only: the library would accept "1e9" and "nan" as times.
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
            raise WebhookRefusedError("webhook-timestamp is missing or malformed")
        if abs(self._now() - int(stamp)) > TOLERANCE:
            raise WebhookRefusedError("webhook-timestamp is too far from now")


def same_secret(given: str | bytes | None, expected: str | bytes) -> bool:
    """Compare a shared token in constant time; any length and any characters are allowed, None never matches."""
    if given is None:
        return False
    return hmac.compare_digest(_bytes(given), _bytes(expected))


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def _webhook(secret: str) -> Webhook:
    text = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise ValueError("the webhook secret is not base64") from error
    if len(key) < _MIN_SECRET:
        raise ValueError("the webhook secret is too short")
    return Webhook(key)


def _matches(webhook: Webhook, body: bytes, headers: Mapping[str, str]) -> bool:
    # Entries are tried one by one, because a malformed entry would hide a valid one behind it.
    for entry in headers.get("webhook-signature", "").split()[:10]:
        try:
            webhook.verify(body, {**headers, "webhook-signature": entry}, json_parse=False)
        except Exception:  # noqa: BLE001, S112 - the library passes on errors of base64, UTF-8 and split
            continue
        return True
    return False
