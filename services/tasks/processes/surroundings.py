"""What a batch reads before it knows its processes: who is merged with whom, desks, and who hears of a customer."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection
from services.tasks.desks.store import DESKS, ActiveDesk, active_desks
from services.tasks.merges import store as merges
from services.tasks.merges.rules import Aliases

READ = f"""
SELECT m.are_merged, d.* FROM ({merges.ARE_MERGED}) AS m (are_merged)
LEFT JOIN ({DESKS.replace("$1", "$2")}) AS d ON true
"""  # noqa: S608 - statements of our own
# Each customer by themselves: among few leads, or where the server knows no more than their number, it would rather
# read all live processes than look up a list of customers.
OF_CUSTOMERS = """
SELECT p.id, p.customer_id, p.playbook, p.playbook_version, ARRAY(
    SELECT t.type FROM (SELECT state, type FROM task WHERE process_id = p.id OFFSET 0) t WHERE t.state = 'active'
) AS open
FROM unnest($1::uuid[]) AS c (id) CROSS JOIN LATERAL (
    SELECT * FROM process WHERE customer_id = c.id AND ended_at IS NULL OFFSET 0
) p
"""


class Surroundings(NamedTuple):
    """Who is merged with whom, and the desks that exist, by code."""

    aliases: Aliases
    desks: Mapping[str, ActiveDesk]


UNREAD = Surroundings(Aliases(), {})


async def read_surroundings(conn: Connection, ids: Collection[UUID], desks: Collection[str]) -> Surroundings:
    """Return what is known of these leads, customers and desks."""
    rows = await conn.fetch(READ, list(ids), list(desks))
    aliases = await merges.read(conn, ids) if rows[0]["are_merged"] else Aliases()
    return Surroundings(aliases, active_desks(row for row in rows if row["desk"] is not None))


async def of_customers(conn: Connection, customers: Collection[UUID]) -> list[asyncpg.Record]:
    """Return the live processes about customers and their leads: id, playbook version, types of open tasks."""
    return await conn.fetch(OF_CUSTOMERS, list(customers))
