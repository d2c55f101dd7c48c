"""Use case: intake has said whose messages are; who works the lead finds them in their feed."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.contracts import Received
from libs.common.contracts.intake import MessageResolved
from libs.common.contracts.shared import Direction
from libs.common.platform.db import Transaction
from services.notifications.conversations.store import Thread, introduce, refresh
from services.notifications.feed.actions import Notice, add_messages
from services.notifications.feed.rules import FeedKind
from services.notifications.leads.store import listeners_of

RESOLVE = """
UPDATE received_message r SET customer_id = t.customer_id, lead_id = t.lead_id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS t (message_id, customer_id, lead_id)
WHERE r.id = t.message_id
RETURNING r.id, r.desk, r.direction, r.customer_id, r.address_id
"""
_KINDS = {Direction.IN: FeedKind.MESSAGE_RECEIVED, Direction.OUT: FeedKind.MESSAGE_ANSWERED}
_SHOWN = {"name", "phone", "phone_raw"}


async def resolve_messages(tx: Transaction, events: Sequence[Received[MessageResolved]]) -> None:
    """Write whose messages are; who is responsible for the lead, else has a task of it, finds them in the feed."""
    rows = await tx.conn.fetch(
        RESOLVE,
        [e.data.message_id for e in events],
        [e.data.customer_id for e in events],
        [e.data.lead_id for e in events],
    )
    threads = [Thread(row["customer_id"], row["desk"], row["customer_id"]) for row in rows]
    threads += [Thread(row["address_id"], row["desk"]) for row in rows if row["address_id"] is not None]
    await refresh(tx, threads)
    await introduce(tx, events)
    kinds = {row["id"]: _KINDS[Direction(row["direction"])] for row in rows}
    operators = await listeners_of(tx, {e.data.lead_id for e in events if e.data.lead_id is not None})
    await add_messages(
        tx,
        [
            _notice(operators[e.data.lead_id], kinds[e.data.message_id], e)
            for e in events
            if e.data.message_id in kinds and e.data.lead_id in operators
        ],
    )


def _notice(operator_id: UUID, kind: FeedKind, event: Received[MessageResolved]) -> Notice:
    data = event.data
    person = data.person.model_dump(mode="json", include=_SHOWN)
    return Notice(
        operator_id, event.desk, kind, data.lead_id, event.event_id, event.time, person, data.zone, data.message_id
    )
