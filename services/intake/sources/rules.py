"""A source, typed: its format with its configuration, its zone and its secrets."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NewType
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from services.intake.formats.base import Format

SourceId = NewType("SourceId", UUID)

REPEATS = 600  # seconds: how long form builders go on repeating, and visitors go on pressing


@dataclass(frozen=True, slots=True)
class Secret:
    """One of a source's secrets; `valid_until` is technical time, None without an end."""

    id: str
    value: str
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A source. `format` has its configuration and the secrets that are valid now, where it was asked for them.

    `rate` is requests per second, `body_limit` bytes. `partner_id`: whose customers its leads are. `repeats`:
    seconds for which the same content without an id is a repeat, 0 for never. `origins`: pages elsewhere that may
    read the answer. `thanks_url`: where the visitor of a plain form is sent. `keeps_buyers`: a message of one who
    has bought and has no live lead is of the lead by which they bought, and a call where its playbook calls them
    back.
    """

    id: SourceId
    desk: str
    code: str
    key: str
    format: Format
    secrets: tuple[Secret, ...]
    playbook: str
    language: str
    region: str
    test_prefixes: tuple[str, ...]
    zone: ZoneInfo
    rate: int
    body_limit: int
    active: bool
    partner_id: UUID | None = None
    repeats: int = REPEATS
    origins: tuple[str, ...] = ()
    thanks_url: str | None = None
    keeps_buyers: bool = False


def is_zone(name: str) -> bool:
    return name in _zones()


@cache
def _zones() -> Collection[str]:
    """Return the names that the machine knows, read once: it walks through all of their files, for 40 ms."""
    return available_timezones()


def current(secrets: tuple[Secret, ...], now: datetime) -> tuple[Secret, ...]:
    """Return the secrets that are still valid, the newest first."""
    return tuple(secret for secret in secrets if secret.valid_until is None or now < secret.valid_until)


def rotated(secrets: tuple[Secret, ...], fresh: Secret, now: datetime, old_until: datetime) -> tuple[Secret, ...]:
    """Return the secrets with `fresh` first; those before it work until `old_until` at most."""
    kept = (
        Secret(secret.id, secret.value, min(secret.valid_until or old_until, old_until))
        for secret in current(secrets, now)
    )
    return (fresh, *kept)
