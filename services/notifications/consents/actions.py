"""Use case: what customers withdraw stops all channels at once; what is under way says how it ended (P.14)."""

from collections.abc import Sequence
from datetime import datetime

from libs.common.contracts import Received
from libs.common.contracts.consents import ConsentChanged
from libs.common.platform.db import Transaction
from services.notifications.consents.rules import Consent
from services.notifications.consents.store import stop, write
from services.notifications.messages.rules import Fact, MessageState
from services.notifications.messages.store import Known, apply_facts


async def follow_consents(tx: Transaction, events: Sequence[Received[ConsentChanged]], now: datetime) -> None:
    """Keep for what customers are not written to, and end what waits to be sent to them."""
    facts: list[Known] = []
    for event in sorted(events, key=lambda one: (one.data.customer_id, one.sequence)):
        if await write(tx, event):
            facts += await _stopped(tx, event.data)
    await apply_facts(tx, facts, now)


async def _stopped(tx: Transaction, data: ConsentChanged) -> list[Known]:
    consent, found = Consent(data.closed, data.listed), list[Known]()
    for marketing in (False, True):
        code = consent.refusal(marketing=marketing)
        if code is not None:
            fact = Fact(MessageState.FAILED, str(code))
            stopped = await stop(tx, data.customer_id, str(code), marketing=marketing)
            found += [(message_id, rung, fact) for message_id, rung in stopped]
    return found
