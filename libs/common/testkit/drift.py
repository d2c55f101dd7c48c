"""A schema's description from Postgres' catalogue; equal descriptions mean equal schemas."""

from __future__ import annotations

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine

# Without the daily partitions and alembic's version table.
_TABLES = """
SELECT oid FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  AND relname <> 'alembic_version'
"""
CATALOGUE = f"""
SELECT format('%s.%s %s%s%s%s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attnotnull THEN ' not null' END, ' identity ' || nullif(a.attidentity::text, ''),
              CASE a.attgenerated WHEN '' THEN ' default ' ELSE ' generated ' END
              || pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid IN ({_TABLES}) AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT format('%s constraint %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid IN ({_TABLES}) AND contype <> 'n'
UNION ALL
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN ({_TABLES})
UNION ALL
SELECT format('sequence %s', c.oid::regclass) FROM pg_class c
WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace
ORDER BY 1
"""  # noqa: S608 - parts of our own


async def catalogue(url: str, schema: str) -> list[str]:
    """Return one line per column, constraint, index and sequence of the schema, sorted."""
    conn: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url, server_settings={"search_path": schema})
    try:
        return [row[0] for row in await conn.fetch(CATALOGUE)]
    finally:
        await conn.close()


async def create_all(url: str, schema: str, metadata: MetaData) -> None:
    """Make the tables of `metadata` without any migration."""
    settings = {"server_settings": {"search_path": schema}}
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), connect_args=settings)
    try:
        async with engine.begin() as conn:
            await conn.run_sync(metadata.create_all)
    finally:
        await engine.dispose()
