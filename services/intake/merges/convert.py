"""What is kept of a merge ↔ rows, and its events."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.intake import CustomerMerged, LeadMerged
from services.intake.customers.rules import Reach
from services.intake.merges.store import Member

_REACH = TypeAdapter(Reach)


def customer_merged(
    merge_id: UUID, desk: str, member: Member, actor: str, now: datetime, cause: Cause, *, undone: bool
) -> Outgoing:
    """Return `customer.merged` of a member."""
    data = CustomerMerged(
        merge_id=merge_id,
        customer_id=member.loser_id,
        winner_id=member.winner_id,
        undone=undone,
        actor=actor,
    )
    return Outgoing(f"customer:{member.loser_id}", desk, now, data, cause)


def lead_merged(
    merge_id: UUID,
    desk: str,
    member: Member,
    customer_id: UUID,
    actor: str,
    now: datetime,
    cause: Cause,
    *,
    undone: bool,
) -> list[Outgoing]:
    """Return `lead.merged` of a member, once for each of the two leads."""
    return [
        Outgoing(
            f"lead:{lead_id}",
            desk,
            now,
            LeadMerged(
                merge_id=merge_id,
                lead_id=lead_id,
                customer_id=customer_id,
                winner_id=member.winner_id,
                loser_id=member.loser_id,
                undone=undone,
                actor=actor,
            ),
            cause,
        )
        for lead_id in (member.loser_id, member.winner_id)
    ]


def kept_json(learned: Mapping[UUID, tuple[Reach, Reach]], marked: Mapping[UUID, UUID]) -> dict[str, object]:
    """Return what an undo needs to know: what leads had and learned, and which were marked as second ones."""
    return {
        "learned": {str(lead_id): [asdict(before), asdict(after)] for lead_id, (before, after) in learned.items()},
        "marked": {str(lead_id): str(earlier) for lead_id, earlier in marked.items()},
    }


def learned_of(kept: Mapping[str, Mapping[str, list[dict[str, str]]]]) -> dict[UUID, tuple[Reach, Reach]]:
    """Return what leads had and learned."""
    return {
        UUID(lead_id): (_REACH.validate_python(before), _REACH.validate_python(after))
        for lead_id, (before, after) in kept.get("learned", {}).items()
    }


def marked_of(kept: Mapping[str, Mapping[str, str]]) -> dict[UUID, UUID]:
    """Return the leads that were marked, each with the lead of the earliest order."""
    return {UUID(lead_id): UUID(earlier) for lead_id, earlier in kept.get("marked", {}).items()}
