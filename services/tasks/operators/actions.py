"""The projection of operators from assignment's events: the newest wins, who leaves, leaves their tasks.

Who is back from a planned absence gets what a deputy has not begun (S2.2).
"""

from collections.abc import Sequence

from asyncpg import Record

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.engine.state import Absence, MoveReason
from services.tasks.moves.actions import release_left_behind, return_to
from services.tasks.moves.store import Departure
from services.tasks.operators.queries import profile_of
from services.tasks.operators.rules import OperatorProfile, is_back

PROJECT = """
INSERT INTO operator AS o (id, desk, subject, name, active, roles, desks, pools, products, sequence, presence, away,
                           version, contact, absent_until, deputy_id, extension)
SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::jsonb[],
                                      $7::jsonb[], $8::jsonb[], $9::jsonb[], $10::bigint[], $11::text[],
                                      $12::bool[], $13::int[], $14::jsonb[], $15::timestamptz[], $16::uuid[],
                                      $17::text[])
    AS t(id, desk, subject, name, active, roles, desks, pools, products, sequence, presence, away, version, contact,
         absent_until, deputy_id, extension)
ORDER BY id, sequence DESC
ON CONFLICT (id) DO UPDATE SET desk = excluded.desk, subject = excluded.subject, name = excluded.name,
    active = excluded.active, roles = excluded.roles, desks = excluded.desks, pools = excluded.pools,
    products = excluded.products, sequence = excluded.sequence, presence = excluded.presence,
    away = excluded.away, version = excluded.version, contact = excluded.contact,
    absent_until = excluded.absent_until, deputy_id = excluded.deputy_id, extension = excluded.extension
WHERE o.sequence < excluded.sequence RETURNING o.*
"""


# A proposal or a claim that is under way ends first: its task is then among those that the operator leaves behind.
BEFORE = "SELECT * FROM operator WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"


def project_operators(ctx: Context) -> UseCase:
    """Return the use case of `operator.changed`; who has gone leaves their tasks to others."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        newest = {
            event.data.operator_id: event
            for event in sorted(events, key=lambda event: event.sequence)
            if isinstance(event.data, OperatorChanged)
        }
        before = {row["id"]: profile_of(row) for row in await tx.conn.fetch(BEFORE, sorted(newest))}
        after = {row["id"]: profile_of(row) for row in await _project(tx, list(newest.values()))}
        departures = {
            who: Departure(MoveReason(absence), newest[who].follow())
            for who, profile in after.items()
            if (absence := profile.absence) is not None and (who not in before or _goes(before[who], profile))
        }
        if departures:
            await release_left_behind(ctx, tx, departures)
        back = {who: newest[who].follow() for who, profile in after.items() if is_back(before.get(who), profile)}
        if back:
            await return_to(ctx, tx, back)

    return apply


def _goes(before: OperatorProfile, now: OperatorProfile) -> bool:
    """Return whether who is not there leaves tasks now.

    A planned absence takes those that are due in it when it begins, follows another at once, or lasts longer now.
    Who is off shift when it ends leaves the others as at any check-out.
    """
    if now.absence is Absence.ABSENT:
        return before.absence is not Absence.ABSENT or before.absent_until != now.absent_until
    return before.absence is not now.absence


async def _project(tx: Transaction, events: Sequence[Received[EventData]]) -> Sequence[Record]:
    """Store the events and return the rows of those that were newer than what was known."""
    rows = [(event, event.data) for event in events if isinstance(event.data, OperatorChanged)]
    return await tx.conn.fetch(
        PROJECT,
        [data.operator_id for _, data in rows],
        [event.desk for event, _ in rows],
        [data.subject for _, data in rows],
        [data.name for _, data in rows],
        [data.active for _, data in rows],
        [data.roles for _, data in rows],
        [data.desks for _, data in rows],
        [data.pools for _, data in rows],
        [data.products for _, data in rows],
        [event.sequence for event, _ in rows],
        [data.presence for _, data in rows],
        [data.away for _, data in rows],
        [data.version for _, data in rows],
        [data.person and data.person.model_dump(mode="json") for _, data in rows],
        [data.absent_until for _, data in rows],
        [data.deputy_id for _, data in rows],
        [data.extension for _, data in rows],
    )
