"""How PostgreSQL would carry out a query."""

from sqlalchemy import Select, text

from libs.common.platform.db import Database


async def reads_whole(db: Database, query: Select[tuple[object, ...]]) -> list[str]:
    """Return the lines of a query's plan that read a whole table though an index is always preferred."""
    async with db.read() as conn:
        await conn.execute(text("SET LOCAL enable_seqscan = off"))  # a table of no rows is read whole otherwise
        asked = query.compile(conn.engine)
        given = tuple(asked.params[name] for name in asked.positiontup or ())
        plan = [row[0] for row in await conn.exec_driver_sql(f"EXPLAIN {asked}", given)]
    assert plan
    return [line for line in plan if "Seq Scan" in line]
