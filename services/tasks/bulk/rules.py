"""What a bulk action does to a task, what keeps it from doing so, and what of it can be taken back (P.15)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never
from uuid import UUID

from libs.common.domain.plans import BulkMemberState
from services.tasks.engine.deeds import Deed, Lasting, Left
from services.tasks.engine.effects import Effect, Refuse
from services.tasks.engine.events import OutcomeGiven, Reassigned, Released, TakenBack
from services.tasks.engine.mending import worked_on
from services.tasks.engine.state import MoveReason, Operator, OperatorId, State, TaskId
from services.tasks.redistributions.rules import Note


class BulkKind(StrEnum):
    """What is done to each task: it is ended with an outcome, given to an operator, or given back to its lane."""

    END = "end"
    ASSIGN = "assign"
    RELEASE = "release"


LARGEST = 1000  # members of one bulk action


@dataclass(frozen=True, slots=True)
class Wanted:
    """An outcome for tasks of any kind; `fields` are what it asks for."""

    outcome: str
    call_made: bool | None = None
    problem: str | None = None
    fields: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A bulk action under way: `wanted` is the outcome of `end`, `to` who gets the tasks of `assign`."""

    desk: str
    action: BulkKind
    actor: str
    comment: str
    wanted: Wanted | None = None
    to: Operator | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A task, as planned, and what came of it; `note` says why something stays as it is.

    `done_version` is the task's, `opened` the number of tasks of its process, both once it is done.
    """

    position: int
    process_id: UUID
    lead_id: UUID | None
    order_number: str | None
    task_id: TaskId
    task_type: str
    task_version: int
    from_id: OperatorId | None
    state: BulkMemberState = BulkMemberState.PLANNED
    note: str | None = None
    done_version: int | None = None
    opened: int | None = None
    deed: Deed | None = None


Doing: TypeAlias = OutcomeGiven | Reassigned | Released
Undoing: TypeAlias = TakenBack | Reassigned | Released


def doing(order: Order, member: Member, people: Mapping[str, Operator]) -> Doing:
    """Return the event that does the action to a task; `people` are those whom the outcome's fields name."""
    match order.action:
        case BulkKind.END:
            wanted = order.wanted or Wanted("")
            return OutcomeGiven(
                task_id=member.task_id,
                outcome=wanted.outcome,
                comment=order.comment,
                actor=order.actor,
                operator=None,
                supervisor=True,
                call_made=wanted.call_made,
                problem=wanted.problem,
                fields=wanted.fields or {},
                people=people,
            )
        case BulkKind.ASSIGN:
            if order.to is None:
                raise TypeError("an assignment without an operator")
            return Reassigned(member.task_id, order.to, order.actor, MoveReason.ASSIGNED, order.comment)
        case BulkKind.RELEASE:
            return Released(member.task_id, MoveReason.TAKEN_AWAY, order.actor, order.comment)
        case _:
            assert_never(order.action)


def obstacle(member: Member, state: State) -> str | None:
    """Return why a planned member is left as it is: its task is not as the plan named it."""
    task = state.open_task(member.task_id)
    if task is None:
        return Note.TASK_ENDED
    return None if task.version == member.task_version else Note.TASK_MOVED


def refusal(effects: Sequence[Effect]) -> str | None:
    """Return why the engine refuses an action, by its codes."""
    refused = next((effect for effect in effects if isinstance(effect, Refuse)), None)
    if refused is None:
        return None
    return ", ".join(dict.fromkeys(fault.code for fault in refused.faults)) or refused.refusal


def lasting(deeds: Iterable[Deed]) -> list[tuple[Left, int]]:
    """Return what cannot be taken back, and how often; of messages, once they have left."""
    found: Counter[Left] = Counter()
    for deed in deeds:
        found.update(deed.left)
        found.update(Left(Lasting.MESSAGE, purpose) for purpose in deed.messages)
    return sorted(found.items(), key=lambda pair: (pair[0].kind, pair[0].code))


def untouched(member: Member, state: State, opened: int | None = None) -> str | None:
    """Return why a member is not taken back: work has gone on from it; None = it is as it was left.

    `state` knows the task of an outcome although it is closed: one that was mended has another version. `opened`:
    the tasks of its process once a later member of it was taken back.
    """
    if member.deed is not None:
        if all((task.id, task.version) != (member.task_id, member.done_version) for task in state.tasks):
            return Note.TASK_MOVED
        gone_on = state.opened != (opened or member.opened) or worked_on(state, member.deed)
        return Note.TASK_TAKEN if gone_on else None
    task = state.open_task(member.task_id)
    if task is None:
        return Note.TASK_ENDED
    if task.taken_at is not None:
        return Note.TASK_TAKEN
    return None if task.version == member.done_version or task.operator_id is None else Note.TASK_MOVED


def undoing(
    order: Order, member: Member, state: State, present: Mapping[OperatorId, Operator], sent: Set[str]
) -> Undoing | None:
    """Return the event that takes a member back; None = nothing is to be done. `present` are operators here now."""
    if member.deed is not None:
        return TakenBack(member.deed, order.actor, order.comment, frozenset(sent), present, reopens=False)
    former = None if member.from_id is None else present.get(member.from_id)
    task = state.open_task(member.task_id)
    if former is not None:
        return Reassigned(member.task_id, former, order.actor, MoveReason.UNDONE, order.comment)
    if task is None or task.operator_id is None:
        return None
    return Released(member.task_id, MoveReason.UNDONE, order.actor, order.comment)
