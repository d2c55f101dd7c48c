"""Turns: start-time fair queueing over the operators of a pool (S2.1, P.3).

Every seat (an operator in a pool) has a virtual time. The eligible seat with the least is chosen and advances by
`SCALE / weight`. A seat that becomes eligible starts at the least virtual time of the eligible ones. Virtual times
are whole numbers, so that equal weights get exactly equal turns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from libs.common.contracts.shared import Presence
from libs.common.domain.eligibility import Demand, Refusal, Standing, refusals
from libs.common.domain.frozen import replace

OperatorId = NewType("OperatorId", UUID)
PoolId = NewType("PoolId", UUID)
TaskId = NewType("TaskId", UUID)
LeadId = NewType("LeadId", UUID)
DecisionId = NewType("DecisionId", UUID)

DEFAULT_SHARE = 3
SCALE = 232_792_560  # one turn at weight 1; divisible by every weight from 1 to 20


_NEVER = datetime.min.replace(tzinfo=UTC)


class Choice(StrEnum):
    """The reason of a decision."""

    LEAST_VIRTUAL_TIME = "least_virtual_time"
    PREFERRED_OWNER = "preferred_owner"
    DEPUTY_OF_OWNER = "deputy_of_owner"
    DRAINED_AT_CHECK_IN = "drained_at_check_in"
    DRAINED_OPERATOR_CHANGED = "drained_operator_changed"
    DRAINED_WORK_FINISHED = "drained_work_finished"
    NOBODY_ELIGIBLE = "nobody_eligible"


@dataclass(frozen=True, slots=True)
class Operator:
    """The fields of an operator that determine eligibility and ties; `capacity` and `open_work` count tasks.

    `last_work_at`: when they last got work of any pool (None: never, or it was given back). `untaken` counts what
    they have and have not taken; it is known only while waiting offers are drained. `absent`: by a plan, and
    `deputy_id` deputises. `after_call_until`: they write up a call.
    """

    operator_id: OperatorId
    name: str
    active: bool
    presence: Presence
    roles: frozenset[str]
    desks: frozenset[str]
    products: frozenset[str]
    capacity: int
    open_work: int
    away: bool = False
    version: int = 1
    last_work_at: datetime | None = None
    absent: bool = False
    deputy_id: OperatorId | None = None
    after_call_until: datetime | None = None
    untaken: int = 0

    @property
    def is_here(self) -> bool:
        """Whether the operator is on shift, at work and here."""
        return self.active and self.presence is Presence.CHECKED_IN and not self.away and not self.absent

    @property
    def free_capacity(self) -> int:
        """The number of tasks that the operator can still get now."""
        return max(0, self.capacity - self.open_work) if self.is_here and self.after_call_until is None else 0


@dataclass(frozen=True, slots=True)
class Seat:
    """An operator in a pool, with the turn counters.

    `entry_time` is the virtual time at which the seat last became eligible; `eligible` is its eligibility at the
    last decision; `last_turn` is the number of the pool's turn at which it last got work (0: never).
    """

    operator_id: OperatorId
    weight: int = 1
    virtual_time: int = 0
    entry_time: int = 0
    eligible: bool = False
    last_turn: int = 0
    turns: int = 0

    @property
    def cost(self) -> int:
        """The advance of the virtual time per turn."""
        return SCALE // self.weight


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool and its seats; all pools share `operators`, because open work counts across pools.

    `share`: the untaken tasks up to which an operator is given work that has waited. `after_call`: the seconds in
    which they write up a call.
    """

    pool_id: PoolId
    desk: str
    code: str
    seats: tuple[Seat, ...]
    operators: Mapping[OperatorId, Operator]
    virtual_time: int = 0
    turn: int = 0
    share: int = DEFAULT_SHARE
    after_call: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """The requirements of work on its operator; `avoid` gave it back, `among`: only these (none: any)."""

    role: str
    products: frozenset[str] = frozenset()
    prefer: OperatorId | None = None
    avoid: OperatorId | None = None
    among: frozenset[OperatorId] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A seat in a decision, before the turn; no refusals = eligible."""

    operator_id: OperatorId
    refusals: tuple[Refusal, ...]
    virtual_time: int
    open_work: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The chosen operator (None: the work waits), every candidate, and the pool afterwards.

    `start` and `cost` are the virtual time of the turn and its length; `give_back` needs them.
    """

    at: datetime
    operator_id: OperatorId | None
    choice: Choice
    candidates: tuple[Candidate, ...]
    start: int
    cost: int
    pool: PoolState


def decide_turn(pool: PoolState, need: Need, now: datetime, *, waited: bool = False) -> Decision:
    """Choose an operator (S2.1): the preferred owner if eligible, else the eligible seat of least virtual time.

    Of an owner who is absent by a plan it is their deputy.

    Ties go to the operator who has been longest without work of any pool, then to the one with least open work,
    then to the lower id. The turn of a preferred owner counts like any other. Work that has waited goes to nobody
    who has the pool's share of untaken tasks, so that a backlog is shared by those who come in the same minutes;
    unless it is asked for operators by name.
    """
    share = pool.share if waited and not need.among else None
    reasons = [why_not(pool.operators[seat.operator_id], need, pool.desk, share) for seat in pool.seats]
    seats = _seated(pool, reasons)
    candidates = tuple(
        Candidate(seat.operator_id, why, seat.virtual_time, pool.operators[seat.operator_id].open_work)
        for seat, why in zip(seats, reasons, strict=True)
    )
    eligible = [seat for seat in seats if seat.eligible]
    if not eligible:
        return Decision(now, None, Choice.NOBODY_ELIGIBLE, candidates, 0, 0, replace(pool, seats=seats))
    chosen = min(eligible, key=lambda seat: order(seat, pool.operators[seat.operator_id]))
    choice = Choice.LEAST_VIRTUAL_TIME
    preferred, why = _preferred(pool, need)
    for seat in eligible:
        if seat.operator_id == preferred:
            chosen, choice = seat, why
    after = _advanced(pool, seats, chosen, chosen.virtual_time)
    return Decision(now, chosen.operator_id, choice, candidates, chosen.virtual_time, chosen.cost, after)


def _preferred(pool: PoolState, need: Need) -> tuple[OperatorId | None, Choice]:
    """Return who gets work first: the owner of its lead, or who deputises while they are absent."""
    owner = pool.operators.get(need.prefer) if need.prefer is not None else None
    if owner is not None and owner.absent:
        return owner.deputy_id, Choice.DEPUTY_OF_OWNER
    return need.prefer, Choice.PREFERRED_OWNER


def why_not(operator: Operator, need: Need, desk: str, share: int | None = None) -> tuple[Refusal, ...]:
    """Return every failed check of eligibility, so that the decision can be explained (P.3)."""
    standing = Standing(
        active=operator.active,
        roles=operator.roles,
        desks=operator.desks,
        products=operator.products,
        on_shift=operator.presence is not Presence.CHECKED_OUT,
        away=operator.away,
        paused=operator.presence is Presence.PAUSED,
        has_room=operator.open_work < operator.capacity,
        gave_it_back=operator.operator_id == need.avoid,
        asked=not need.among or operator.operator_id in need.among,
        below_share=share is None or operator.untaken < share,
        absent=operator.absent,
        after_call=operator.after_call_until is not None,
    )
    return refusals(standing, Demand(desk, need.role, need.products))


def charge(pool: PoolState, operator_id: OperatorId) -> PoolState:
    """Charge a turn for pulled work; an operator outside the pool is not charged."""
    for seat in pool.seats:
        if seat.operator_id == operator_id:
            # An eligible seat keeps its virtual time, even below the pool's; others start at the pool's.
            start = seat.virtual_time if seat.eligible else max(seat.virtual_time, pool.virtual_time)
            return _advanced(pool, pool.seats, seat, start)
    return pool


def give_back(pool: PoolState, operator_id: OperatorId, start: int, cost: int) -> PoolState:
    """Undo a turn that began at `start`, but only the part above the seat's entry time.

    The part below is forfeited: after an absence the operator started again at the pool's virtual time. The seat
    wins the next tie.
    """
    seats = []
    for seat in pool.seats:
        if seat.operator_id == operator_id:
            back = max(0, min(cost, start + cost - seat.entry_time))
            virtual_time = max(seat.entry_time, seat.virtual_time - back)
            turns = max(0, seat.turns - 1)
            seats.append(replace(seat, virtual_time=virtual_time, last_turn=0, turns=turns))
        else:
            seats.append(seat)
    return replace(pool, seats=tuple(seats))


def order(seat: Seat, operator: Operator) -> tuple[int, datetime, int, UUID]:
    """Return the place of a seat in the turn: the least is next."""
    return seat.virtual_time, operator.last_work_at or _NEVER, operator.open_work, seat.operator_id


def _seated(pool: PoolState, reasons: Sequence[tuple[Refusal, ...]]) -> tuple[Seat, ...]:
    # The entry time is the least virtual time of seats that stay eligible; without any, the pool's own.
    pairs = list(zip(pool.seats, reasons, strict=True))
    base = min(
        (seat.virtual_time for seat, why in pairs if seat.eligible and not why),
        default=pool.virtual_time,
    )
    return tuple([_entered(seat, base, eligible=not why) for seat, why in pairs])


def _entered(seat: Seat, base: int, *, eligible: bool) -> Seat:
    if eligible is seat.eligible:
        return seat
    # The later of both times: an absence earns no turns, and a short one costs none.
    if not eligible:
        return replace(seat, eligible=False)
    return replace(seat, eligible=True, entry_time=base, virtual_time=max(seat.virtual_time, base))


def _advanced(pool: PoolState, seats: tuple[Seat, ...], chosen: Seat, start: int) -> PoolState:
    turn = pool.turn + 1
    least = min((seat.virtual_time for seat in seats if seat.eligible), default=start)
    # Monotonic: a turn given back must not lower the entry time of later seats.
    virtual_time = max(pool.virtual_time, least)
    after = replace(chosen, virtual_time=start + chosen.cost, last_turn=turn, turns=chosen.turns + 1)
    moved = tuple([after if seat is chosen else seat for seat in seats])
    return replace(pool, seats=moved, virtual_time=virtual_time, turn=turn)
