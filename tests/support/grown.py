"""Tables as long work leaves them, and which of them a statement of the worker would read whole."""

import re
from collections.abc import Mapping
from typing import TypeAlias

from libs.common.platform.db import Connection, Database

#: What the server knows of rows: nothing when they have just come, their number, what is in the columns.
KNOWN = ("", "VACUUM", "ANALYZE")
# A test before may have left rows, dead ones that make the file longer, and what the server learnt of them.
FORGET = """
SELECT pg_clear_relation_stats($2, $1), pg_clear_attribute_stats($2, $1, attname, false)
FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
"""
# Rows are made here, so nothing but indexes is to hold them.
RULES = "SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('c', 'f')"
COLUMNS = """
SELECT quote_ident(attname) AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
"""
#: The value of a row's column by its type; `n` counts the rows. All of them lie behind us.
VALUES: Mapping[str, str] = {
    "uuid": "gen_random_uuid()",
    "text": "repeat(md5(n::text), 3)",
    "bytea": "convert_to(repeat(md5(n::text), 3), 'UTF8')",
    "jsonb": "'{}'",
    "boolean": "true",
    "timestamp with time zone": "now() - n * interval '1 minute'",
    "date": "current_date - n",
    "interval": "interval '1 minute'",
}

#: By table what stands in a column of its rows, in SQL.
Tables: TypeAlias = Mapping[str, Mapping[str, str]]


async def grow(db: Database, tables: Tables, rows: int, known: str = "") -> None:
    """Fill tables with rows of which each was changed once since it came; the server knows of them by `KNOWN`.

    Columns of which nothing is said hold something of their type.
    """
    for table, given in tables.items():
        await forget(db, table)
        for row in await db.pool.fetch(RULES, table):
            await db.pool.execute(f"ALTER TABLE {table} DROP CONSTRAINT {row['conname']}")
        values = {row["name"]: value_of(row["type"]) for row in await db.pool.fetch(COLUMNS, table)}
        values.update(given)
        made = f"SELECT {', '.join(values.values())} FROM generate_series(1, {rows}) AS n"
        await db.pool.execute(f"INSERT INTO {table} ({', '.join(values)}) {made}")
        first = next(iter(values))
        await db.pool.execute(f"UPDATE {table} SET {first} = {first}")
    if known:
        await db.pool.execute(f"{known} {', '.join(tables)}")


async def forget(db: Database, table: str) -> None:
    """Empty a table; the server knows nothing of it, and gathers nothing by itself."""
    await db.pool.execute(f"TRUNCATE {table} CASCADE")
    await db.pool.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    await db.pool.execute(FORGET, table, db.config.schema)


def value_of(kind: str) -> str:
    return VALUES.get(kind, "'{}'" if kind.endswith("[]") else "n")


async def read_whole(db: Database, statement: str, given: str) -> set[str]:
    """Return the tables that a statement's generic plan reads whole."""
    async with db.pool.acquire() as conn, conn.transaction():
        plan = await planned(conn, statement, given)
    return {found[1] for line in plan if (found := re.search(r"Seq Scan on (\w+)", line))}


async def planned(conn: Connection, statement: str, given: str) -> list[str]:
    """Return the generic plan of a statement."""
    await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await conn.execute(f"PREPARE tried AS {statement}")
    rows = await conn.fetch(f"EXPLAIN EXECUTE tried{given and f'({given})'}")
    await conn.execute("DEALLOCATE tried")
    return [row[0] for row in rows]
