"""The low watermark: no unsent row has a lower id, so an empty poll need not read dead rows.

Ids are drawn before the commit, so a smaller one may appear later. This proves that none will: read the
sequence's last value L, then take a transaction id X. A transaction that drew an id up to L has taken its
transaction id before (`outbox.add` writes the stream row first), so its id is below X. Once the oldest running
transaction is above X, they have all ended.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import asyncpg

from libs.common.platform.db import Connection

Session: TypeAlias = "asyncpg.Connection[asyncpg.Record] | Connection"

_LAST = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0)::bigint"
_XID = "SELECT pg_current_xact_id()::text::bigint"
_OLDEST = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@dataclass
class LowWatermark:
    """Rows with an id up to `value` are all sent. Belongs to one leader; a new one starts at 0."""

    value: int = 0
    _noted: tuple[int, int] | None = field(default=None, init=False)

    async def confirmed(self, conn: Session) -> int | None:
        """Note the last id, or check the noted one; return it when every id up to it is visible or gone."""
        if self._noted is None:
            last = await conn.fetchval(_LAST)
            if last <= self.value:
                return self.value
            # A statement of its own after the first: the proof depends on the order.
            self._noted = (last, await conn.fetchval(_XID))
            return None
        last, xid = self._noted
        if await conn.fetchval(_OLDEST) <= xid:
            return None
        self._noted = None
        return int(last)

    def raise_to(self, confirmed: int, first_unsent: int | None) -> None:
        """Move up after a read that began later than the confirmation and found `first_unsent`."""
        self.value = max(self.value, confirmed if first_unsent is None else min(confirmed, first_unsent - 1))
