"""Decisions about merges: what may be merged, and which orders are second ones then. Data in, decision out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from libs.common.contracts.shared import Signal, Stage

LARGEST = 100  # members of one receipt
UNDER_WAY = frozenset({Stage.NEW, Stage.WORKING, Stage.BOOKED})


class MergeKind(StrEnum):
    """What is merged."""

    CUSTOMER = "customer"
    LEAD = "lead"


class MergeState(StrEnum):
    """How far a merge is."""

    PLANNED = "planned"
    APPLIED = "applied"
    UNDONE = "undone"


class MergeMemberState(StrEnum):
    """What became of a member; `changed`: it was not as planned any more."""

    PLANNED = "planned"
    DONE = "done"
    CHANGED = "changed"
    TAKEN_BACK = "taken_back"


class MergeFault(StrEnum):
    """Why two are not merged."""

    UNKNOWN = "unknown"
    SAME = "same"
    NAMED_TWICE = "named_twice"
    MERGED_ALREADY = "merged_already"
    OTHER_CUSTOMER = "other_customer"
    WINNER_IS_OVER = "winner_is_over"
    APPOINTMENT_PLANNED = "appointment_planned"


class Remains(StrEnum):
    """What an undo does not take back: tasks that ended, what was done on a signal, what came in between."""

    TASK = "task"
    SIGNAL = "signal"
    CONTACT = "contact"
    LEAD = "lead"
    ORDER = "order"
    IDENTITY = "identity"


Pair = tuple[UUID, UUID]
"""Winner and loser."""


@dataclass(frozen=True, slots=True)
class Party:
    """A customer or a lead that may be merged; of a lead its stage, and whether an appointment is planned."""

    id: UUID
    merged: bool
    customer_id: UUID
    stage: Stage | None = None
    appointment: bool = False

    @property
    def under_way(self) -> bool:
        return self.stage in UNDER_WAY


def fault_of(winner: Party | None, loser: Party | None) -> MergeFault | None:
    """Return why the loser is not merged into the winner; None: it may be.

    Work that is under way does not end in a lead that is over, and no appointment is lost.
    """
    if winner is None or loser is None:
        return MergeFault.UNKNOWN
    if winner.id == loser.id:
        return MergeFault.SAME
    if winner.merged or loser.merged:
        return MergeFault.MERGED_ALREADY
    if winner.stage is None:
        return None
    if winner.customer_id != loser.customer_id:
        return MergeFault.OTHER_CUSTOMER
    if loser.appointment:
        return MergeFault.APPOINTMENT_PLANNED
    return MergeFault.WINNER_IS_OVER if loser.under_way and not winner.under_way else None


def faults_of(pairs: Sequence[Pair], known: Mapping[UUID, Party]) -> dict[int, MergeFault]:
    """Return every fault of a plan by the place of its pair: who loses is named once and wins nothing."""
    winners, losers = {winner for winner, _ in pairs}, [loser for _, loser in pairs]
    faults = {}
    for place, (winner, loser) in enumerate(pairs):
        fault = fault_of(known.get(winner), known.get(loser))
        if fault is None and (loser in winners or losers.count(loser) > 1):
            fault = MergeFault.NAMED_TWICE
        if fault is not None:
            faults[place] = fault
    return faults


@dataclass(frozen=True, slots=True)
class Unpaid:
    """An unpaid order of a lead under way, as its source's order of numbers has it."""

    source_id: UUID
    lead_id: UUID
    signals: tuple[str, ...]


def second_ones(orders: Iterable[Unpaid]) -> dict[UUID, UUID]:
    """Return the leads of later unpaid orders that do not say so yet, each with the lead of the earliest (S4.2).

    `orders` are those of one customer, the earliest first; each source is judged by itself.
    """
    first: dict[UUID, UUID] = {}
    found: dict[UUID, UUID] = {}
    for order in orders:
        earliest = first.setdefault(order.source_id, order.lead_id)
        if order.lead_id != earliest and Signal.SECOND_UNPAID_ORDER.value not in order.signals:
            found.setdefault(order.lead_id, earliest)
    return found
