"""A source, typed: its zone, field map and secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.payload import split_path
from services.intake.formats.rules import Format, Mapped
from services.intake.formats.values import status_key

SourceId = NewType("SourceId", UUID)

FIELDS = (
    "external_id", "external_number", "status", "name", "first_name", "last_name", "phone", "email", "amount",
    "paid", "currency", "items", "product", "quantity", "price", "positions", "payment_link", "placed_at",
    "said_at",
)  # fmt: skip


class Auth(StrEnum):
    """How a source's requests are authenticated, beyond the secret path."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    SIGNATURE = "signature"


class ResponseKind(StrEnum):
    """The answer that a sender needs: our JSON with 202, or the text `ok` with 200."""

    JSON = "json"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Secret:
    """One of a source's secrets; `valid_until` is technical time, None without an end."""

    id: str
    value: str
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A source. `rate` is requests per second, `body_limit` bytes."""

    id: SourceId
    desk: str
    code: str
    key: str
    format: Format
    auth: Auth
    secrets: tuple[Secret, ...]
    playbook: str
    language: str
    region: str
    test_prefixes: tuple[str, ...]
    mapped: Mapped
    rate: int
    body_limit: int
    response: ResponseKind
    active: bool


def mapped_of(
    zone: str, currency: str, field_map: Mapping[str, str | list[str]], status_map: Mapping[str, str]
) -> Mapped:
    """Return the map as the formats use it. Raises KeyError or ValueError for an invalid one."""
    return Mapped(
        zone=ZoneInfo(zone),
        currency=currency,
        paths={
            name: tuple(
                path for text in ([places] if isinstance(places, str) else places) for path in split_path(text)
            )
            for name, places in field_map.items()
        },
        statuses={status_key(word): OrderStatus(status) for word, status in status_map.items()},
    )


def is_zone(name: str) -> bool:
    return name in available_timezones()


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
