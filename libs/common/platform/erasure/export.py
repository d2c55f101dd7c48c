"""All that a service keeps of a customer, table by table, for who asks for it (P.7)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

import orjson
from pydantic import BaseModel, JsonValue

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database

#: A table, and what makes one row of it the person's; `$1` are ids of customers and leads.
Exported = Mapping[str, str]


BYTES = "\\x"  # how PostgreSQL writes them


class ExportedTable(BaseModel):
    """The rows of one table, as they are kept."""

    table: str
    rows: list[dict[str, JsonValue]]


async def exported(
    db: Database,
    tables: Exported,
    ids: Sequence[UUID],
    caller: Principal,
    sealed: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[ExportedTable]:
    """Return what each table has of the customers and leads with these ids, on the caller's desks.

    `sealed`: columns by table that are left out, since their values are kept sealed.
    """
    desks = None if caller.sees_all_desks else sorted(caller.desks)
    found = []
    async with db.begin() as tx:
        for table, where in tables.items():
            rows = await tx.conn.fetch(
                f"SELECT (to_jsonb(t) - $3::text[])::text AS row FROM {table} AS t"  # noqa: S608 - our own
                f" WHERE ({where}) AND ($2::text[] IS NULL OR desk = ANY($2)) ORDER BY 1",
                list(ids),
                desks,
                list(sealed.get(table, ())),
            )
            found.append(ExportedTable(table=table, rows=[_readable(row["row"]) for row in rows]))
    return found


def _readable(row: str) -> dict[str, JsonValue]:
    """Return a row with its bytes as text; what is no text keeps its marks of replacement."""
    members: dict[str, JsonValue] = orjson.loads(row)
    return {name: _text(value) for name, value in members.items()}


def _text(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and value.startswith(BYTES):
        return bytes.fromhex(value.removeprefix(BYTES)).decode("utf-8", "replace")
    return value
