"""What a batch reads before it knows its processes, at once: who is merged with whom, and desks."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from libs.common.platform.db import Connection
from services.tasks.desks.store import DESKS, ActiveDesk, active_desks
from services.tasks.merges import store as merges
from services.tasks.merges.rules import Aliases

READ = f"""
SELECT m.are_merged, d.* FROM ({merges.ARE_MERGED}) AS m (are_merged)
LEFT JOIN ({DESKS.replace("$1", "$2")}) AS d ON true
"""  # noqa: S608 - statements of our own


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
