"""Sources as they are stored: the format's configuration as one document, each secret sealed in its row's place."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Database, Transaction
from libs.common.platform.sealing import DataKeys, Place
from services.intake.formats.config import FormatConfig
from services.intake.formats.registry import CONFIGS, FORMATS
from services.intake.sources.rules import Secret

Entry = dict[str, str | None]

#: Members of a configuration that the release before reads and writes as columns, and what it makes of a format
#: without them. Until it is gone, what stands there counts, and both are written.
COLUMNS: Mapping[str, object] = {
    "auth": "signature", "currency": "RUB", "field_map": {}, "status_map": {}, "response": "json",
}  # fmt: skip

KEY_IDS = """
SELECT DISTINCT split_part(e->>'sealed', '.', 2)
FROM source CROSS JOIN LATERAL jsonb_array_elements(secrets) e WHERE e ? 'sealed'
"""
UNSEALED = """
SELECT id, secrets FROM source
WHERE EXISTS (SELECT FROM jsonb_array_elements(secrets) e
              WHERE NOT e ? 'sealed' OR NOT starts_with(e->>'sealed', $1) OR ($2 AND e ? 'value'))
ORDER BY id LIMIT $3 FOR UPDATE
"""
SEAL = "UPDATE source SET secrets = $2 WHERE id = $1"
#: Only what differs from what was said last is written.
KEEP_TERMS = """
INSERT INTO source_terms AS t (source_id, since, desk, document, document_version, purposes, call_label)
SELECT s.id, $2, s.desk, s.consent->>'document', s.consent->>'document_version', p.purposes, s.call_label
FROM source s
CROSS JOIN LATERAL (SELECT array_agg(value) AS purposes
                    FROM jsonb_array_elements_text(s.consent->'purposes')) p
LEFT JOIN LATERAL (SELECT l.* FROM source_terms l WHERE l.source_id = s.id ORDER BY l.since DESC LIMIT 1) l ON true
WHERE s.id = $1
  AND (l.document, l.document_version, l.purposes, l.call_label) IS DISTINCT FROM
      (s.consent->>'document', s.consent->>'document_version', p.purposes, s.call_label)
ON CONFLICT (source_id, since) DO UPDATE
SET document = excluded.document, document_version = excluded.document_version, purposes = excluded.purposes,
    call_label = excluded.call_label
"""


def config_of(row: Mapping[str, object]) -> FormatConfig:
    """Return the configuration of a source's row. Raises ValidationError or KeyError for one that is spoiled."""
    code, document = str(row["format"]), row["config"]
    columns = COLUMNS.keys() & FORMATS[code].Config.model_fields.keys()
    known = document if isinstance(document, Mapping) else {}
    return CONFIGS.validate_python({**known, "format": code, **{name: row[name] for name in columns}})


def columns_of(config: FormatConfig) -> tuple[dict[str, object], dict[str, object]]:
    """Return a configuration as it is stored: the document, and the columns of the release before."""
    document = config.model_dump(mode="json")
    return document, {name: document.get(name, usual) for name, usual in COLUMNS.items()}


def place_of(source_id: UUID) -> Place:
    """Return where a source's secrets stand."""
    return Place("source", "secrets", UUID(int=source_id.int))


def secrets_of(source_id: UUID, stored: Sequence[Entry], keys: DataKeys) -> tuple[Secret, ...]:
    """Open a source's secrets; one that the release before has made stands there as it is.

    Raises MissingKeyError, BrokenSealError.
    """
    return tuple(
        Secret(str(entry["id"]), _opened(source_id, entry, keys), datetime.fromisoformat(until) if until else None)
        for entry in stored
        for until in [entry["valid_until"]]
    )


def stored(source_id: UUID, kept: Sequence[Secret], keys: DataKeys, *, plain: bool) -> list[Entry]:
    """Return secrets as they are stored; `plain`: also as the release before reads them, while it runs."""
    return [
        {
            "id": secret.id,
            "valid_until": secret.valid_until.isoformat() if secret.valid_until else None,
            "sealed": keys.seal(secret.value, place_of(source_id)),
            **({"value": secret.value} if plain else {}),
        }
        for secret in kept
    ]


def _opened(source_id: UUID, entry: Entry, keys: DataKeys) -> str:
    sealed = entry.get("sealed")
    return keys.open(sealed, place_of(source_id)) if sealed else str(entry["value"])


async def keep_terms(tx: Transaction, source_id: UUID, now: datetime) -> None:
    """Keep since when a source says what it does of consent and of its calls."""
    await tx.conn.execute(KEEP_TERMS, source_id, now)


class SealedSources:
    """The secrets of sources."""

    async def key_ids(self, db: Database) -> set[str]:
        """Return the keys that stored values name; none before the table is there."""
        try:
            return {row[0] for row in await db.pool.fetch(KEY_IDS)}
        except asyncpg.UndefinedTableError:
            return set()

    async def reseal(self, db: Database, keys: DataKeys, limit: int, *, forget_plain: bool) -> int:
        """Seal the secrets of sources that the first key has not sealed, and commit; return how many sources."""
        async with db.begin() as tx:
            rows = await tx.conn.fetch(UNSEALED, keys.prefix, forget_plain, limit)
            for row in rows:
                opened = secrets_of(row["id"], row["secrets"], keys)
                is_plain = not forget_plain and any("value" in entry for entry in row["secrets"])
                await tx.conn.execute(SEAL, row["id"], stored(row["id"], opened, keys, plain=is_plain))
            await tx.commit()
        return len(rows)
