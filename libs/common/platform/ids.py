"""Identifiers: UUIDv7 (RFC 9562) everywhere, so that rows and events sort by creation time."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import uuid_utils.compat


def uuid7() -> UUID:
    """Return a new UUIDv7 made of the real (technical) clock."""
    return uuid_utils.compat.uuid7()


def uuid7_since(age: timedelta) -> UUID:
    """Return an id before which are all that were made longer ago than this."""
    made = (uuid7().int >> 80) - int(age / timedelta(milliseconds=1))
    return UUID(int=made << 80)


def uuid7_day(value: UUID) -> date:
    """Return the UTC day on which a UUIDv7 was made: the partition of the inbox it belongs to."""
    return datetime.fromtimestamp((value.int >> 80) / 1000, tz=UTC).date()
