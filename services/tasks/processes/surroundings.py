"""What a batch reads before it knows its processes: who is merged with whom, desks, and who hears of a customer."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection
from services.tasks.desks.store import DESKS, ActiveDesk, active_desks
from services.tasks.merges import store as merges
from services.tasks.merges.rules import Aliases
from services.tasks.processes.rules import OF_CONTACT

READ = f"""
SELECT m.are_merged, d.* FROM ({merges.ARE_MERGED}) AS m (are_merged)
LEFT JOIN ({DESKS.replace("$1", "$2")}) AS d ON true
"""  # noqa: S608 - statements of our own
OF_CUSTOMERS = """
SELECT id, playbook, playbook_version FROM process WHERE customer_id = ANY($1::uuid[]) AND ended_at IS NULL
"""
WAITING_FOR_REPLY = f"""
SELECT p.id FROM process p WHERE p.customer_id = ANY($1::uuid[]) AND p.ended_at IS NULL AND EXISTS (
    SELECT FROM (SELECT state, rule FROM task WHERE process_id = p.id OFFSET 0) t
    WHERE t.state = 'active' AND starts_with(t.rule, '{OF_CONTACT}'))
"""  # noqa: S608 - a constant


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
    """Return id and playbook version of the live processes about customers and their leads."""
    return await conn.fetch(OF_CUSTOMERS, list(customers))


async def waiting_for_reply(conn: Connection, customers: Collection[UUID]) -> list[UUID]:
    """Return the live processes about customers' leads with a task because of what the customer has written."""
    return [row["id"] for row in await conn.fetch(WAITING_FOR_REPLY, list(customers))]
