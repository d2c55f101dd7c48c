"""Many leads out of a few: each row that a lead has left is copied, under ids of its own and at an earlier time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg

#: The tables with rows of leads, by service. What a worker empties by itself is not among them.
TABLES = {
    "intake": ("customer", "customer_identity", "lead", "sales_order", "delivery", "history", "stream"),
    "tasks": ("process", "task", "timeline_entry", "stream"),
    "assignment": ("work", "decision", "stream"),
    "notifications": ("lead_operator", "stream"),
}
STEP = 3_600_000  # milliseconds between a copy and the next: a UUIDv7 says when it was made, and stays in order
#: Ids of the desk, which all leads share.
SHARED = frozenset({"source_id", "last_source_id", "owner_id", "operator_id", "holder_id", "pool_id"})
PATIENCE = 3600.0  # seconds for one table
_ID = (
    "(lpad(to_hex(('x' || left(replace({0}::text, '-', ''), 12))::bit(48)::bigint - g * "
    f"{STEP}), 12, '0') || right(replace({{0}}::text, '-', ''), 20))::uuid"
)
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS kind FROM pg_attribute a
WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
  AND a.attgenerated = '' ORDER BY a.attnum
"""
_COPY = """
INSERT INTO {table} ({names})
SELECT {values} FROM {table}, generate_series($1::bigint, 1, -1) AS g{where}
"""
#: Streams of people and desks stay single.
_WHERE = {"stream": " WHERE key LIKE 'lead:%'"}


def value_of(table: str, name: str, kind: str) -> str:
    """Return the expression of a column's value in copy `g`."""
    if kind == "uuid" and name not in SHARED:
        return _ID.format(name)
    if name == "key":  # of a stream, or of work: `lead:<id>`
        return "split_part(key, ':', 1) || ':' || " + _ID.format("split_part(key, ':', 2)")
    if name in {"external_id", "last_external_id", "external_number", "email", "phone"}:
        return f"{name} || '-' || g"
    if (table, name) == ("customer_identity", "value"):
        return "value || '-' || g"
    if name == "order_number" and table in {"sales_order", "delivery"}:
        return "order_number + g * 100000"
    return name


async def multiply(url: str, times: int) -> None:
    """Copy what there is `times` times, in the database of an administrator's URL; all services at once."""
    await asyncio.gather(*(_service(url, service, tables, times) for service, tables in TABLES.items()))


async def _service(url: str, service: str, tables: Sequence[str], times: int) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(f"SET search_path = {service}; SET synchronous_commit = off")
        for table in tables:
            columns = await conn.fetch(_COLUMNS, table)
            names = [column["name"] for column in columns]
            values = [value_of(table, column["name"], column["kind"]) for column in columns]
            parts = {"table": table, "names": ", ".join(names), "values": ", ".join(values)}
            await conn.execute(_COPY.format(**parts, where=_WHERE.get(table, "")), times, timeout=PATIENCE)
            await conn.execute(f"VACUUM ANALYZE {table}", timeout=PATIENCE)
    finally:
        await conn.close()
