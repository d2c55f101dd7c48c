"""A parked event as the Kafka record that it was."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """The record of a row of `parked`; `id` is the row's."""

    id: int
    state: str
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    waits_for: str | None

    @classmethod
    def of(cls, row: asyncpg.Record) -> "ParkedRecord":
        """Return the record of a row that has all columns."""
        headers = [(name, text.encode()) for name, text in row["headers"]]
        stamp = int(row["time"].timestamp() * 1000)
        key = row["key"].encode()
        place = row["topic"], row["partition"], row["offset"]
        return cls(row["id"], row["state"], *place, stamp, key, row["body"], headers, row["waits_for"])
