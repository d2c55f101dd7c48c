"""The frozen files: what they are called, how they are written and read."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson

from tests.upgrade.leads import Lead
from tests.upgrade.people import Source
from tests.upgrade.records import Frozen, Offsets

FOLDER = Path(__file__).with_name("frozen")
MANIFEST, DATABASE, RECORDS, JOURNAL = "manifest.json", "postgres.sql", "records.jsonl", "journal.jsonl"
PLAIN = 300_000  # bytes; a larger file is kept compressed


@dataclass(frozen=True)
class Manifest:
    """What was frozen, when, and how it must end.

    `moment` is business time, `stopped_at` real time; `technical` names the columns on the database's clock.
    `remembered` is the Idempotency-Key of an answered call, `poison` the id of the event that nobody can read.
    """

    commit: str
    committed_at: str
    moment: datetime
    stopped_at: datetime
    prefix: str
    partitions: int
    revisions: Mapping[str, str]
    technical: Mapping[str, Sequence[str]]
    offsets: Offsets
    sources: Mapping[str, Source]
    outcomes: Mapping[str, str]
    remembered: str
    poison: str
    leads: Sequence[Lead]

    def lead(self, name: str) -> Lead:
        """Return a lead by its name."""
        return next(lead for lead in self.leads if lead.name == name)


def write_manifest(manifest: Manifest) -> None:
    """Write what a person reads first."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=2, default=datetime.isoformat)
    (FOLDER / MANIFEST).write_text(f"{text}\n")


def read_manifest() -> Manifest:
    """Read it back."""
    kept = json.loads((FOLDER / MANIFEST).read_text())
    moments = {name: datetime.fromisoformat(kept[name]) for name in ("moment", "stopped_at")}
    sources = {code: Source(**source) for code, source in kept["sources"].items()}
    return Manifest(**{**kept, **moments, "sources": sources, "leads": [Lead(**lead) for lead in kept["leads"]]})


def read_records() -> list[Frozen]:
    """Return the records of all topics in order."""
    return [Frozen(**orjson.loads(line)) for line in read(RECORDS).splitlines()]


def write(name: str, content: bytes) -> None:
    """Write a file, compressed when it is large; the same content is the same file."""
    whole, packed = FOLDER / name, FOLDER / f"{name}.gz"
    if len(content) > PLAIN:
        packed.write_bytes(gzip.compress(content, mtime=0))
        whole.unlink(missing_ok=True)
    else:
        whole.write_bytes(content)
        packed.unlink(missing_ok=True)


def read(name: str) -> bytes:
    """Read a file, compressed or not."""
    packed = FOLDER / f"{name}.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (FOLDER / name).read_bytes()
