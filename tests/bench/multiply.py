"""Many leads out of a few: each row that a lead has left is copied, under ids of its own and at an earlier time.

The rows are read once by a binary COPY and written by another, into emptied tables without indexes; these are made
anew from their definitions afterwards.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import asyncpg

from tests.bench.product import Product
from tests.bench.rows import END, HEADER, Change, Rows

#: The tables with rows of leads, by service.
TABLES = {
    "intake": (
        "customer",
        "customer_identity",
        "identity_change",
        "lead",
        "sales_order",
        "delivery",
        "history",
        "stream",
    ),
    "tasks": ("process", "task", "timer", "timeline_entry", "stream"),
    "assignment": ("work", "decision", "stream"),
    "notifications": ("lead_operator", "feed_item", "stream"),
}
#: Tables that grow by leads and are not copied: what workers empty by themselves, and a row for each operator.
OTHERS = ("inbox", "outbox", "feed")
STEP = 3_600_000  # milliseconds between a copy and the next: a UUIDv7 says when it was made, and stays in order
#: Ids of the desk, which all leads share.
SHARED = frozenset({"source_id", "last_source_id", "owner_id", "operator_id", "holder_id", "pool_id"})
SUFFIXED = frozenset({"external_id", "last_external_id", "external_number", "email", "phone"})
#: Years by which what is due is put off: a kept database has nothing to fire when it is opened.
PUT_OFF = 10
AT_ONCE = 3  # tables: a server has two cores here, and each waits for the disk now and then
PATIENCE = 3600.0  # seconds for one statement
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS kind FROM pg_attribute a
WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
  AND a.attgenerated = '' ORDER BY a.attnum
"""
#: What is of no lead stays single.
_OF_LEADS = {"stream": "key LIKE 'lead:%'", "timeline_entry": "lead_id IS NOT NULL"}
# Foreign keys of and to the table come off before all others and go on after them.
_DEFINED = """
SELECT conrelid::regclass::text AS of, conname AS name, contype = 'f' AS joins, true AS bound,
    format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS off,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS back
FROM pg_constraint WHERE contype IN ('p', 'u', 'x', 'f') AND conrelid = ANY($1::text[]::regclass[])
  OR contype = 'f' AND confrelid = ANY($1::text[]::regclass[])
UNION ALL
SELECT indrelid::regclass::text, indexrelid::regclass::text, false, false,
    format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index i WHERE indrelid = ANY($1::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.conrelid = i.indrelid)
ORDER BY 3 DESC, 4 DESC, 2
"""
_POSITIONS = "SELECT COALESCE(max(position), 0) FROM notifications.feed"
_BEHIND = "UPDATE notifications.feed SET position = position + $1::bigint"

_ALL = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY($1::text[]) AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Defined(NamedTuple):
    """A constraint or an index: how it comes off its table, and how it goes on again."""

    of: str
    name: str
    joins: bool
    bound: bool
    off: str
    back: str


class Table(NamedTuple):
    """A table, its columns, its rows of leads and those of none."""

    name: str
    columns: Sequence[str]
    rows: Rows
    single: Rows


def _earlier(head: bytes, g: int) -> bytes:
    return (int.from_bytes(head) - g * STEP).to_bytes(6)


def _earlier_text(head: bytes, g: int) -> bytes:
    kind, _, moment = head.partition(b":")
    text = b"%012x" % (int(moment.replace(b"-", b""), 16) - g * STEP)
    return b"%s:%s-%s" % (kind, text[:8], text[8:])


def _suffixed(text: bytes, g: int) -> bytes:
    return text[: -len(_SUFFIX)] + b"-%06d" % g


def _later_number(number: bytes, g: int) -> bytes:
    return (int.from_bytes(number) + g * 100_000).to_bytes(len(number))


_SUFFIX = "-000000"
UUID, KEY = Change(6, _earlier), Change(len("lead:01234567-0123"), _earlier_text)
SUFFIX, NUMBER = Change(None, _suffixed), Change(None, _later_number)


def value_of(table: str, name: str, kind: str) -> tuple[str, Change | None]:
    """Return the expression of a column's value in all copies, and what each changes of it."""
    if kind == "uuid" and name not in SHARED:
        return name, UUID
    if name == "key":  # of a stream, or of work: `lead:<id>`
        return name, KEY
    if name in SUFFIXED or (table, name) == ("customer_identity", "value"):
        return f"{name} || '{_SUFFIX}'", SUFFIX
    if name == "order_number" and table in {"sales_order", "delivery"}:
        return name, NUMBER
    if name == "due_at":
        return f"{name} + interval '{PUT_OFF} years'", None
    return name, None


def _position(times: int, stride: int) -> Change:
    """Return the change of positions in a feed, which have no gaps and end with the newest."""

    def placed(position: bytes, g: int) -> bytes:
        return (int.from_bytes(position) + (times - g) * stride).to_bytes(len(position))

    return Change(None, placed)


async def fill(product: Product, leads: int, seed: int) -> float:
    """Let a few leads through a product that does not run, and copy their rows; return the seconds it took.

    Raises RuntimeError when they leave rows in a table that is neither copied nor among OTHERS.
    """
    began = time.monotonic()
    url = product.stack.database.admin_url
    async with product.working():
        before = await counted(url)
        await product.take(seed)
    require_known(before, await counted(url))
    times = leads // seed - 1
    await multiply(url, times)
    product.copied = seed * times
    return time.monotonic() - began


async def multiply(url: str, times: int) -> None:
    """Copy what there is `times` times, in the database of an administrator's URL.

    Nothing else may use the database meanwhile; its definitions are the same before and after. Raises RuntimeError
    where they are not.
    """
    names = [f"{service}.{table}" for service, tables in TABLES.items() for table in tables]
    async with asyncpg.create_pool(url, min_size=0, max_size=AT_ONCE, command_timeout=PATIENCE) as pool:
        stride = await pool.fetchval(_POSITIONS)
        position = _position(times, stride)
        tables = [await _read(pool, name, position) for name in names]
        defined = [Defined(*found) for found in await pool.fetch(_DEFINED, names)]
        for one in defined:
            await pool.execute(one.off)
        free = asyncio.Semaphore(AT_ONCE)
        largest_first = sorted(tables, key=lambda table: -len(table.rows.copy(0)))
        await asyncio.gather(*(_fill(pool, free, table, times, defined) for table in largest_first))
        for one in defined:
            if one.joins:
                await pool.execute(one.back)
        await pool.execute(_BEHIND, stride * times)
        if odd := {*defined} ^ {Defined(*found) for found in await pool.fetch(_DEFINED, names)}:
            raise RuntimeError(f"indexes or constraints differ from before: {odd}")


async def _read(pool: Pool, name: str, position: Change) -> Table:
    """Read a table's rows."""
    table = name.partition(".")[2]
    columns = await pool.fetch(_COLUMNS, name)
    values, changes = [], []
    for column in columns:
        value, change = value_of(table, column["name"], column["kind"])
        values.append(value)
        changes.append(position if (table, column["name"]) == ("feed_item", "position") else change)
    of_leads = _OF_LEADS.get(table, "true")
    query = f"SELECT {', '.join(values)} FROM {name} WHERE"
    rows, single = await _copied(pool, f"{query} {of_leads}"), await _copied(pool, f"{query} NOT ({of_leads})")
    nothing = [None] * len(columns)
    return Table(name, [column["name"] for column in columns], Rows(rows, changes), Rows(single, nothing))


async def _copied(pool: Pool, query: str) -> bytes:
    parts: list[bytes] = []

    async def take(part: bytes) -> None:
        parts.append(part)

    await pool.copy_from_query(query, output=take, format="binary")
    return b"".join(parts)


async def _fill(pool: Pool, free: asyncio.Semaphore, table: Table, times: int, defined: Sequence[Defined]) -> None:
    """Write a table anew with all copies, oldest first, then what was defined on it."""
    schema, _, name = table.name.partition(".")
    async with free, pool.acquire() as conn:
        # Emptied and written in one transaction, the rows are frozen at once and, where WAL is minimal, in no WAL.
        async with conn.transaction():
            await conn.execute(f"TRUNCATE {table.name}")
            await conn.copy_to_table(
                name,
                schema_name=schema,
                columns=table.columns,
                source=_copies(table, times),
                format="binary",
                freeze=True,
                timeout=PATIENCE,
            )
        for one in defined:
            if one.of == table.name and not one.joins:
                await conn.execute(one.back)
        await conn.execute(f"VACUUM ANALYZE {table.name}")


async def _copies(table: Table, times: int) -> AsyncIterator[bytes]:
    yield HEADER + table.single.copy(0)
    for g in range(times, -1, -1):
        yield table.rows.copy(g)
    yield END


async def counted(url: str) -> Mapping[str, int]:
    """Return the rows of each table of the services."""
    async with asyncpg.create_pool(url, min_size=0, max_size=1) as pool:
        names = [name for (name,) in await pool.fetch(_ALL, list(TABLES))]
        return {name: await pool.fetchval(f"SELECT count(*) FROM {name}") for name in names}


def require_known(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    """Raise RuntimeError when leads have left rows in a table that is neither copied nor among OTHERS."""
    grown = {name.partition(".")[::2] for name, rows in after.items() if rows > before[name]}
    odd = sorted(f"{schema}.{name}" for schema, name in grown if name not in (*TABLES[schema], *OTHERS))
    if odd:
        raise RuntimeError(f"leads leave rows in tables that are not copied: {', '.join(odd)}")
