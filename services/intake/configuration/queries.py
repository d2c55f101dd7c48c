"""What a desk has at intake."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from libs.common.platform.db import Transaction
from libs.common.platform.erasure.kept import read_retention
from libs.common.platform.sealing import DataKeys
from services.intake.calling.schemas import CallingPart
from services.intake.calling.store import calling_of
from services.intake.configuration.schemas import IntakePart, SourcePart
from services.intake.erasures.schemas import IntakeRetention
from services.intake.masking.queries import masking_of
from services.intake.schools.schemas import SchoolPart
from services.intake.schools.store import OF_DESK, place_of
from services.intake.sources.queries import view_of, webhook_of
from services.intake.sources.rules import current
from services.intake.sources.schemas import SourceView
from services.intake.sources.store import secrets_of

# Retired ones too: they are made active again. Locked: who changes one by another call waits.
SOURCES = """
SELECT s.*, p.code AS partner, NULL AS playbook_active FROM source s LEFT JOIN partner p ON p.id = s.partner_id
WHERE s.desk = $1 ORDER BY s.code FOR UPDATE OF s
"""
#: The keys of a school's account.
SCHOOL_KEYS = ("api_key", "webhook_key")
PLAYBOOKS = "SELECT code FROM active_playbook WHERE desk = $1 ORDER BY code"


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A source as it is stored, and as it is shown."""

    row: asyncpg.Record
    view: SourceView

    @classmethod
    def of(cls, row: asyncpg.Record) -> "StoredSource":
        return cls(row, view_of(dict(row)))

    def part(self) -> SourcePart:
        """Return it as a document has it, without its secret."""
        members = SourcePart.model_fields.keys() & SourceView.model_fields.keys()
        return SourcePart.model_validate({name: getattr(self.view, name) for name in members})

    def secret(self, keys: DataKeys) -> str | None:
        """Open its newest secret."""
        valid = current(secrets_of(self.row["id"], self.row["secrets"], keys), datetime.now(UTC))
        return valid[0].value if valid else None


@dataclass(frozen=True, slots=True)
class StoredSchool:
    """A school's account as it is stored."""

    row: asyncpg.Record

    def part(self) -> SchoolPart:
        """Return it as a document has it, without its keys."""
        return SchoolPart(account=self.row["name"], check_minutes=self.row["check_minutes"])

    def opened(self, keys: DataKeys) -> dict[str, str | None]:
        """Open its keys."""
        return {
            name: self.row[name] and keys.open(self.row[name], place_of(self.row["id"], name))
            for name in SCHOOL_KEYS
        }


@dataclass(frozen=True, slots=True)
class Found:
    """A desk's sources, retired ones included; `part` is without those. `playbooks`: those known to be active.

    `schools`: the accounts that are in use.
    """

    part: IntakePart
    sources: Mapping[str, StoredSource]
    playbooks: tuple[str, ...]
    schools: Mapping[str, StoredSchool]

    @property
    def active(self) -> dict[str, StoredSource]:
        return {code: source for code, source in self.sources.items() if source.view.active}

    @property
    def stamp(self) -> str:
        """Return what changes with the secrets of sources (see `configuration.digest`)."""
        sources = [f"{source.view.id}:{source.view.version}" for source in self.active.values()]
        return " ".join((*sources, *(f"{each.row['id']}:{each.row['version']}" for each in self.schools.values())))

    def webhooks(self) -> dict[str, str]:
        return {code: webhook_of(source.row["key"]) for code, source in self.active.items()}


async def read_desk(tx: Transaction, desk: str) -> Found:
    """Return what a desk has, its sources locked."""
    sources = {row["code"]: StoredSource.of(row) for row in await tx.conn.fetch(SOURCES, desk)}
    playbooks = tuple(row["code"] for row in await tx.conn.fetch(PLAYBOOKS, desk))
    parts = {code: source.part() for code, source in sources.items() if source.view.active}
    rows = await tx.conn.fetch(OF_DESK, desk)
    schools = {row["code"]: StoredSchool(row) for row in rows if row["active"] and row["code"] in parts}
    accounts = {code: school.part() for code, school in schools.items()}
    calling = CallingPart.of(await calling_of(tx.conn, desk))
    kept, masks = await read_retention(tx.conn, desk, IntakeRetention), await masking_of(tx.conn, desk)
    part = IntakePart(sources=parts, schools=accounts, calling=calling, masking=masks, retention=kept)
    return Found(part, sources, playbooks, schools)
