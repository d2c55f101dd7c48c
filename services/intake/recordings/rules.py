"""Who may play a recording, and until when. Data in, decision out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

VALID_FOR = timedelta(minutes=10)  # real time: a player asks again for each part that it needs
MOST = 100 * 1024 * 1024  # bytes that are passed on of one recording
WITHIN = 300.0  # seconds for all of them


class BadGrantError(ValueError):
    """A grant that we have not given, or for another recording."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to play one recording: whose, by which right, until when (Unix seconds)."""

    contact_id: UUID
    sub: str
    role: str
    scope: str
    until: float


def ends_at(now: datetime, accepted_until: float | None) -> float:
    """Return when leave that is given now ends: no later than the token that got it."""
    until = (now + VALID_FOR).timestamp()
    return until if accepted_until is None else min(until, accepted_until)


def is_address(recording: str) -> bool:
    """Return whether a reference is an address of its own, and not a provider's id."""
    found = urlsplit(recording)
    return found.scheme in ("http", "https") and bool(found.hostname)


def sound_type(content_type: str | None) -> str:
    """Return the media type as which a recording is passed on: never one that a browser would run."""
    media = (content_type or "").partition(";")[0].strip().lower()
    return media if media.startswith("audio/") and media.isascii() else "application/octet-stream"
