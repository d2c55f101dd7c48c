"""How PostgreSQL would carry out a query."""

from sqlalchemy import Select

from libs.common.platform.db import Database


async def reads_whole(db: Database, query: Select[tuple[object, ...]]) -> list[str]:
    """Return the lines of a query's plan that read a whole table though an index is always preferred."""
    asked = query.compile(db.engine)
    given = [asked.params[name] for name in asked.positiontup or ()]
    async with db.begin() as tx:
        await tx.conn.execute("SET LOCAL enable_seqscan = off")  # a table of no rows is read whole otherwise
        plan = [row[0] for row in await tx.conn.fetch(f"EXPLAIN {asked}", *given)]
    assert plan
    return [line for line in plan if "Seq Scan" in line]
