"""Which tables hold a word: in any column, as text or as bytes."""

import asyncpg

NAMES = "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 ORDER BY 1"


async def tables_with(
    conn: "asyncpg.Connection[asyncpg.Record] | asyncpg.Pool[asyncpg.Record]", schema: str, *words: str
) -> set[str]:
    """Return the tables of a schema that have any of these words."""
    wanted = [f"%{word}%" for word in words] + [f"%{word.encode().hex()}%" for word in words]
    names = [row["table_name"] for row in await conn.fetch(NAMES, schema)]
    look = "SELECT EXISTS (SELECT FROM {0}.{1} AS t WHERE to_jsonb(t)::text ILIKE ANY($1::text[]))"
    return {name for name in names if await conn.fetchval(look.format(schema, name), wanted)}
