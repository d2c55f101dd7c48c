"""Whether a desk has a channel."""

from collections.abc import Sequence

from libs.common.platform.db import Connection

KNOWN = "SELECT code FROM known_channel WHERE desk = $1 AND active ORDER BY code"


async def channels_of(conn: Connection, desk: str) -> Sequence[str]:
    """Return the codes of a desk's active channels, of which intake has heard."""
    return [row["code"] for row in await conn.fetch(KNOWN, desk)]
