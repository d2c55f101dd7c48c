"""Accounts of the stand-in: API keys, their channels, rate limits and webhook subscriptions."""

import time
from collections import deque
from dataclasses import dataclass, field
from enum import Enum

DEMO_CHANNEL = "3f1b7c52-0d5e-4a6b-9a10-6c2d5e8f0a11"
DEMO_KEY = "demo-wazzup-key"
MAX_URI = 200


@dataclass(slots=True)
class Channel:
    """A connected messenger number."""

    channel_id: str = DEMO_CHANNEL
    transport: str = "whatsapp"
    plain_id: str = "79005550101"
    state: str = "active"


class Admission(Enum):
    """Whether a crmMessageId is new within the duplicate window."""

    NEW = "new"
    REPEATED = "repeated"


@dataclass(slots=True)
class Account:
    """One API key. A sidecar key opens channels, message, webhooks and templates alone."""

    key: str = DEMO_KEY
    channels: list[Channel] = field(default_factory=lambda: [Channel()])
    sidecar: bool = False
    webhooks_uri: str | None = None
    subscriptions: dict[str, bool] = field(default_factory=dict)
    _requests: deque[float] = field(default_factory=deque)
    _seen: dict[str, float] = field(default_factory=dict)

    def wants(self, kind: str) -> bool:
        """Say whether callbacks of a list (`messages`, `statuses`) are subscribed; unsaid means yes."""
        return kind not in ("messages", "statuses") or self.subscriptions.get("messagesAndStatuses", True)

    def channel(self, channel_id: str) -> Channel | None:
        """Return a channel of this account."""
        return next((c for c in self.channels if c.channel_id == channel_id), None)

    def over_limit(self, limit: int, window: float) -> bool:
        """Count a request; True when more than `limit` came within `window` seconds."""
        now = time.monotonic()
        while self._requests and self._requests[0] <= now - window:
            self._requests.popleft()
        if len(self._requests) >= limit:
            return True
        self._requests.append(now)
        return False

    def admit(self, crm_message_id: str | None, window: float) -> Admission:
        """Remember a crmMessageId for `window` seconds from its acceptance."""
        if crm_message_id is None:
            return Admission.NEW
        now = time.monotonic()
        while self._seen and next(iter(self._seen.values())) <= now - window:
            del self._seen[next(iter(self._seen))]
        if crm_message_id in self._seen:
            return Admission.REPEATED
        self._seen[crm_message_id] = now
        return Admission.NEW


def webhook_address_is_valid(uri: object) -> bool:
    """Say whether Wazzup would take this webhooksUri (API v3, webhooks)."""
    return isinstance(uri, str) and uri.startswith(("http://", "https://")) and len(uri) <= MAX_URI
