"""What pools say; one of which nothing has been heard says nothing."""

from collections.abc import Collection

from libs.common.platform.db import Connection

OPEN_OFF_SHIFT = "SELECT code FROM pool WHERE desk = $1 AND code = ANY($2::text[]) AND off_shift_pull"


async def open_off_shift(conn: Connection, desk: str, codes: Collection[str]) -> frozenset[str]:
    """Return those pools of a desk whose tasks operators off shift may take (S2.3)."""
    return frozenset(row["code"] for row in await conn.fetch(OPEN_OFF_SHIFT, desk, list(codes)))
