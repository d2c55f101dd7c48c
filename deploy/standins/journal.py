"""The messages that a stand-in accepted: in memory for the checkers, and in a file that survives a kill."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from io import FileIO
from pathlib import Path

import orjson


class Status(StrEnum):
    """Statuses of an accepted message, as the webhook names them."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    ERROR = "error"


@dataclass(slots=True)
class Entry:
    """One accepted message. `key` is the account's, `crm_message_id` ours; `statuses` are those that we took.

    `accepted_at` is real time, also where the clock of the stack was moved. What providers say of a message is
    dated by it: an attempt whose answer was lost is found by when it was offered, which is real time, too.
    """

    message_id: str
    key: str
    channel_id: str
    chat_id: str
    text: str
    crm_message_id: str | None
    accepted_at: datetime
    statuses: list[str] = field(default_factory=list)
    traceparent: str | None = None


class Journal:
    """An append-only record; an existing file is continued, without a torn last line."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: dict[str, Entry] = {}
        self.webhooks: dict[str, str] = {}  # address by key
        self._file: FileIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", buffering=0)
            self._file.truncate(self._load(path))

    @classmethod
    def read(cls, path: Path) -> "Journal":
        """Read a file without changing it: a running stand-in may be writing it."""
        journal = cls()
        if path.exists():
            journal._load(path)
        return journal

    def accepted(self, entry: Entry) -> None:
        """Record a message that the provider now has."""
        self._write({"accepted": entry})
        self.entries[entry.message_id] = entry

    def delivered(self, message_id: str, status: str) -> None:
        """Record that the webhook of a status was answered 200; `told` is its key in the file."""
        if status not in self.entries[message_id].statuses:
            self._write({"told": [message_id, status]})
            self.entries[message_id].statuses.append(status)

    def subscribed(self, key: str, uri: str) -> None:
        """Record the webhook address of an account."""
        self._write({"webhook": [key, uri]})
        self.webhooks[key] = uri

    def twice(self) -> list[str]:
        """Return the crmMessageIds that were accepted more than once: must be empty."""
        counts = Counter(e.crm_message_id for e in self.entries.values() if e.crm_message_id)
        return [crm_id for crm_id, count in counts.items() if count > 1]

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _write(self, record: object) -> None:
        if self._file is not None:
            self._file.write(orjson.dumps(record) + b"\n")

    def _load(self, path: Path) -> int:
        """Apply all whole lines; returns where the last of them ends."""
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        for line in content[:whole].splitlines():
            self._apply(orjson.loads(line))
        return whole

    def _apply(self, record: dict[str, object]) -> None:
        match record:
            case {"accepted": dict(fields)}:
                moment = datetime.fromisoformat(fields.pop("accepted_at")).astimezone(UTC)
                entry = Entry(**fields, accepted_at=moment)
                self.entries[entry.message_id] = entry
            case {"told": [str(message_id), str(status)]}:
                self.entries[message_id].statuses.append(status)
            case {"webhook": [str(key), str(uri)]}:
                self.webhooks[key] = uri
            case _:
                raise ValueError("not a line of this journal")
