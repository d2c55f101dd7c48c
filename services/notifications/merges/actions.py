"""Use cases: customers and leads that are merged are one from then on, and two again when that is taken back."""

from collections.abc import Sequence
from datetime import datetime

from libs.common.contracts import Received
from libs.common.contracts.intake import CustomerMerged
from libs.common.contracts.notices import WorkMerged
from libs.common.platform.db import Transaction
from services.notifications.conversations.store import join_threads
from services.notifications.withdrawals.actions import stop_withdrawn

ADD = """
INSERT INTO merged_customer (loser_id, winner_id, desk) VALUES ($1, $2, $3)
ON CONFLICT (loser_id) DO UPDATE SET winner_id = excluded.winner_id
"""
ADD_LEAD = """
INSERT INTO merged_lead (loser_id, winner_id, desk) VALUES ($1, $2, $3)
ON CONFLICT (loser_id) DO UPDATE SET winner_id = excluded.winner_id
"""
REMOVE_LEAD = "DELETE FROM merged_lead WHERE loser_id = $1"
# What a person wrote goes to the same customer all the same.
NOT_WANTED = """
UPDATE message SET withdrawn_at = $3, withdrawn_by = $2, changed_at = $3
WHERE id IN (SELECT id FROM message
             WHERE lead_id = $1 AND state = 'pending' AND withdrawn_at IS NULL AND author IS NULL
             ORDER BY id FOR NO KEY UPDATE)
"""
REMOVE = "DELETE FROM merged_customer WHERE loser_id = $1"


async def follow_merges(tx: Transaction, events: Sequence[Received[CustomerMerged]]) -> None:
    """Keep which customers are merged, and let them have one thread; those of one customer come in their order."""
    for event in events:
        data = event.data
        if data.undone:
            await tx.conn.execute(REMOVE, data.customer_id)
        else:
            await tx.conn.execute(ADD, data.customer_id, data.winner_id, event.desk)
        await join_threads(tx, [(data.customer_id, data.winner_id, event.desk)])


async def follow_leads_merged(tx: Transaction, events: Sequence[Received[WorkMerged]], now: datetime) -> None:
    """Keep which leads are merged, and stop what the work of losers has requested and has not left.

    Taking a merge back sends nothing of that: a person may write to the customer.
    """
    for event in events:
        data = event.data
        if data.undone:
            await tx.conn.execute(REMOVE_LEAD, data.lead_id)
        else:
            await tx.conn.execute(ADD_LEAD, data.lead_id, data.winner_id, event.desk)
            await tx.conn.execute(NOT_WANTED, data.lead_id, data.actor, now)
    await stop_withdrawn(tx, now)
