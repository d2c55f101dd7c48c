"""Withdrawals of playbooks: what has not left is stopped, what is under way reports as it always does."""

from collections.abc import Sequence
from datetime import datetime

from libs.common.contracts import Received
from libs.common.contracts.tasks import MessageWithdrawn
from libs.common.platform.db import Transaction
from services.notifications.ladders.rules import Stop
from services.notifications.messages.rules import Fact, MessageState
from services.notifications.messages.store import apply_facts
from services.notifications.withdrawals.store import keep, stop, take_turns

WITHDRAWN = Fact(MessageState.FAILED, str(Stop.WITHDRAWN))


async def withdraw_messages(tx: Transaction, events: Sequence[Received[MessageWithdrawn]], now: datetime) -> None:
    """Stop messages that have not left, and remember those whose request has not come; a repeat changes nothing."""
    intentions = {(event.desk, event.data.dedupe_key) for event in events}
    await take_turns(tx, intentions)
    await keep(tx, intentions, now)
    await stop_withdrawn(tx, now)


async def stop_withdrawn(tx: Transaction, now: datetime) -> int:
    """End withdrawn messages that nothing has left for, also after a call that sent nothing; return how many."""
    stopped = await stop(tx, str(Stop.WITHDRAWN))
    await apply_facts(tx, [(message_id, rung, WITHDRAWN) for message_id, rung in stopped], now)
    return len(stopped)
