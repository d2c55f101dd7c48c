"""SQL of payments that are reported to schools; claims and results are those of all commands."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from libs.common.connect.command.store import CommandStore, Tables
from libs.common.platform.db import Transaction
from services.intake.orders.schemas import PlacementState
from services.intake.payment_reports.rules import BY_HAND, NEEDLESS
from services.intake.placements.store import EMAIL

_NEEDLESS = ", ".join(f"'{code}'" for code in sorted(NEEDLESS))
_DETAILS = f"""
, a.order_id, a.traceparent, c.name AS account_name, c.api_key, o.external_id AS order_key, o.external_number,
o.items, o.amount, o.currency, o.said_paid, l.name AS person, l.phone, {EMAIL} AS email,
p.status AS payment_status, old.offered_at IS NOT NULL OR a.number > 1 AS in_doubt,
(SELECT sum(x.amount) FROM payment x WHERE x.order_id = o.id AND x.status = 'received') AS received,
NOT EXISTS (SELECT FROM payment x WHERE x.order_id = o.id AND x.kind = 'manual' AND x.status = 'received'
                                    AND x.id > p.id) AS last
"""  # noqa: S608 - constants
# None while its order is being made there: two calls at once could make the order twice.
_READY = f"""
          AND NOT EXISTS (SELECT FROM sales_order o
                          WHERE o.id = a.order_id AND o.placed_state = '{PlacementState.PENDING}')"""
COMMANDS = CommandStore(
    Tables(
        command="payment_report",
        queue="school",
        queue_id="school_id",
        kind="format",
        details=_DETAILS,
        sources=", payment p, sales_order o, lead l",
        joined=" AND p.id = a.id AND o.id = a.order_id AND l.id = o.lead_id",
        ready=_READY,
    )
)
# Nothing for an order whose source has no account in use.
ADD = """
INSERT INTO payment_report (id, desk, school_id, order_id, lead_id, traceparent, created_at, state, number, tries,
                            due_at)
SELECT p.id, p.desk, h.id, p.order_id, p.lead_id, $2, $3, 'pending', 1, 0, clock_timestamp()
FROM payment p JOIN sales_order o ON o.id = p.order_id JOIN school h ON h.id = o.source_id AND h.active
WHERE p.id = $1 AND p.kind = 'manual' AND p.status = 'received' AND NOT p.reported
ON CONFLICT (id) DO NOTHING
RETURNING id
"""
AGAIN = """
UPDATE payment_report r
SET state = 'pending', code = NULL, detail = NULL, offered_at = NULL, due_at = clock_timestamp(),
    number = r.number + (r.state = 'unknown')::int
FROM payment p JOIN sales_order o ON o.id = p.order_id JOIN school h ON h.id = o.source_id AND h.active
WHERE r.id = $1 AND p.id = r.id AND p.status = 'received' AND NOT p.reported AND r.state IN ('refused', 'unknown')
RETURNING r.id
"""
ENTERED = f"""
UPDATE payment_report r SET state = 'accepted', code = '{BY_HAND}', detail = NULL
FROM payment p WHERE r.id = $1 AND p.id = r.id AND p.status = 'received' AND r.state IN ('refused', 'unknown')
RETURNING r.id
"""  # noqa: S608 - a constant
# A payment that is deleted here is not at the school either, as a person says.
GONE = f"""
WITH doubted AS (
    UPDATE payment_report SET state = 'accepted', code = '{BY_HAND}', detail = NULL
    WHERE id = $1 AND state = 'unknown' RETURNING id
)
UPDATE payment SET reported = false
WHERE id = $1 AND status = 'deleted' AND (reported OR id IN (SELECT id FROM doubted)) RETURNING id
"""  # noqa: S608 - a constant
# What the school knows by the word that all is paid: this payment, and those that stand before it.
KNOWN = """
UPDATE payment SET reported = true
WHERE id = $1 OR (order_id = $2 AND kind = 'manual' AND status = 'received' AND id < $1)
RETURNING id
"""
SETTLED = """
UPDATE payment_report SET state = 'accepted', code = NULL, detail = NULL
WHERE id = ANY($1) AND (state IN ('refused', 'unknown') OR state = 'pending' AND offered_at IS NULL)
"""
SHOWN = "UPDATE payment SET version = version + 1 WHERE id = ANY($1)"
# What was never to be reported is as good as reported.
OF = """
SELECT coalesce((SELECT r.state FROM payment_report r WHERE r.id = p.id), 'accepted')
FROM payment p WHERE p.id = $1 AND p.desk = $2
"""
HAD = "UPDATE payment SET reported = true WHERE id = $1"
# `OFFSET 0`: looked up for each order by itself. Joined to many orders, the server reads all reports and payments.
#: Of an order `o`: a payment was reported to its school, and no answer came: what it says may have that one in it.
IN_THE_AIR = """
EXISTS (SELECT FROM payment_report r JOIN payment p ON p.id = r.id
        WHERE r.order_id = o.id AND r.offered_at IS NOT NULL
          AND (r.state IN ('pending', 'sending', 'waiting') OR r.state = 'unknown' AND p.status = 'received')
        OFFSET 0)
"""
#: Of an order `o`: its school may have from us what it says of it.
KNOWN_FROM_US = f"""
(EXISTS (SELECT FROM payment p WHERE p.order_id = o.id AND p.status = 'received' AND p.reported) OR {IN_THE_AIR})
"""
#: Of an order `o`: a payment was deleted here that its school has from us, or may have: that it says so is no news.
KEPT_THERE = """
EXISTS (SELECT FROM payment p LEFT JOIN payment_report r ON r.id = p.id
        WHERE p.order_id = o.id AND p.status = 'deleted'
          AND (p.reported OR r.offered_at IS NOT NULL AND r.state IN ('pending', 'sending', 'waiting', 'unknown')))
"""
#: Of an order `o`: a payment was refused, so a person is asked to enter it at the school, and has not said yet
#: that they did: what it says may have that one in it, unless it is less. By any of their steps it is known.
LEFT_TO_A_PERSON = f"""
EXISTS (SELECT FROM payment_report r JOIN payment p ON p.id = r.id
        WHERE r.order_id = o.id AND r.state = 'refused' AND (r.code IN ({_NEEDLESS})) IS NOT TRUE
          AND p.status = 'received' AND NOT p.reported
          AND p.amount <= o.said_paid - (SELECT coalesce(sum(x.amount), 0) FROM payment x
                                         WHERE x.order_id = o.id AND (x.kind = 'automatic' OR x.reported))
        OFFSET 0)
"""  # noqa: S608 - constants


async def ask(tx: Transaction, payment_id: UUID, traceparent: str | None, now: datetime) -> bool:
    """Let the school be informed of a manual payment; return whether there is one that is to be reported."""
    return await tx.conn.fetchval(ADD, payment_id, traceparent, now) is not None


async def again(tx: Transaction, payment_id: UUID, traceparent: str | None, now: datetime) -> bool:
    """Let a payment be reported once more, or now that there is an account; return whether it is to be."""
    return await tx.conn.fetchval(AGAIN, payment_id) is not None or await ask(tx, payment_id, traceparent, now)


async def entered(tx: Transaction, payment_id: UUID) -> bool:
    """Note that a person has entered a payment at the school, or deleted it there; return whether that was left."""
    if await tx.conn.fetchval(ENTERED, payment_id) is not None:
        await tx.conn.execute(HAD, payment_id)
        return True
    return await tx.conn.fetchval(GONE, payment_id) is not None


async def know(tx: Transaction, payment_id: UUID, order_id: UUID) -> None:
    """Note that the school knows of a payment that completes its order, and of those before it.

    The sum that it says has them in it from now on.
    """
    known = [row["id"] for row in await tx.conn.fetch(KNOWN, payment_id, order_id)]
    await tx.conn.execute(SETTLED, known)
    await show(tx, known)


async def show(tx: Transaction, payment_ids: Sequence[UUID]) -> None:
    """Give payments another version: how far their reports are has changed."""
    await tx.conn.execute(SHOWN, list(payment_ids))
