"""Use case: the channels of desks are followed by notifications' events."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.notifications import ChannelChanged
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO known_channel AS c (channel_id, desk, code, active, sequence)
SELECT DISTINCT ON (channel_id) *
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::bigint[])
    AS t (channel_id, desk, code, active, sequence)
ORDER BY channel_id, sequence DESC
ON CONFLICT (channel_id) DO UPDATE SET code = excluded.code, active = excluded.active, sequence = excluded.sequence
WHERE c.sequence < excluded.sequence
"""


async def project_channels(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `channel.changed`; an older event never overwrites a newer one."""
    said = [(each.data, each.desk, each.sequence) for each in events if isinstance(each.data, ChannelChanged)]
    await tx.conn.execute(
        PROJECT,
        [data.channel_id for data, _, _ in said],
        [desk for _, desk, _ in said],
        [data.code for data, _, _ in said],
        [data.active for data, _, _ in said],
        [sequence for _, _, sequence in said],
    )
