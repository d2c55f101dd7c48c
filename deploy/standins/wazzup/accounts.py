"""Accounts of the stand-in: API keys, their channels, rate limits and webhook subscriptions."""

import time
from collections import deque
from dataclasses import dataclass, field

DEMO_CHANNEL = "3f1b7c52-0d5e-4a6b-9a10-6c2d5e8f0a11"
DEMO_KEY = "demo-wazzup-key"
SCHOOL_CHANNEL = "8c5d2a90-6e1f-4b37-8d24-1f0a9b7c3e52"
SCHOOL_KEY = "school-wazzup-key"
MAX_URI = 200


@dataclass(slots=True)
class Channel:
    """A connected messenger number."""

    channel_id: str = DEMO_CHANNEL
    transport: str = "whatsapp"
    plain_id: str = "79005550101"
    state: str = "active"


@dataclass(slots=True)
class Account:
    """One API key. A sidecar key may use channels, message, webhooks and templates only."""

    key: str = DEMO_KEY
    channels: list[Channel] = field(default_factory=lambda: [Channel()])
    sidecar: bool = False
    webhooks_uri: str | None = None
    subscriptions: dict[str, bool] = field(default_factory=dict)
    _requests: deque[float] = field(default_factory=deque)
    _seen: dict[str, float] = field(default_factory=dict)

    def wants(self, kind: str) -> bool:
        """Return whether callbacks of a list (`messages`, `statuses`) are subscribed; the default is yes."""
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

    def is_repeat(self, crm_message_id: str | None, window: float) -> bool:
        """Return whether a crmMessageId was accepted within the last `window` seconds; remember a new one."""
        if crm_message_id is None:
            return False
        now = time.monotonic()
        while self._seen and next(iter(self._seen.values())) <= now - window:
            del self._seen[next(iter(self._seen))]
        if crm_message_id in self._seen:
            return True
        self._seen[crm_message_id] = now
        return False


def webhook_address_is_valid(uri: object) -> bool:
    """Return whether Wazzup accepts this webhooksUri (API v3, webhooks)."""
    return isinstance(uri, str) and uri.startswith(("http://", "https://")) and len(uri) <= MAX_URI
