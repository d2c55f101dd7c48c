"""The projection of operators from assignment's events; the newest event wins, by its sequence."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.tasks.context import Context

PROJECT = """
INSERT INTO operator AS o (id, desk, subject, name, active, roles, desks, pools, products, sequence, presence, away,
                           version)
SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::jsonb[],
                                      $7::jsonb[], $8::jsonb[], $9::jsonb[], $10::bigint[], $11::text[],
                                      $12::bool[], $13::int[])
    AS t(id, desk, subject, name, active, roles, desks, pools, products, sequence, presence, away, version)
ORDER BY id, sequence DESC
ON CONFLICT (id) DO UPDATE SET desk = excluded.desk, subject = excluded.subject, name = excluded.name,
    active = excluded.active, roles = excluded.roles, desks = excluded.desks, pools = excluded.pools,
    products = excluded.products, sequence = excluded.sequence, presence = excluded.presence,
    away = excluded.away, version = excluded.version
WHERE o.sequence < excluded.sequence
"""


def project_operators(_: Context) -> UseCase:
    """Return the use case of `operator.changed`."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        rows = [
            (event.desk, event.data, event.sequence) for event in events if isinstance(event.data, OperatorChanged)
        ]
        await tx.conn.execute(
            PROJECT,
            [data.operator_id for _, data, _ in rows],
            [desk for desk, _, _ in rows],
            [data.subject for _, data, _ in rows],
            [data.name for _, data, _ in rows],
            [data.active for _, data, _ in rows],
            [data.roles for _, data, _ in rows],
            [data.desks for _, data, _ in rows],
            [data.pools for _, data, _ in rows],
            [data.products for _, data, _ in rows],
            [sequence for _, _, sequence in rows],
            [data.presence for _, data, _ in rows],
            [data.away for _, data, _ in rows],
            [data.version for _, data, _ in rows],
        )

    return apply
