"""What a redistribution moves, what it leaves, and what of it can be taken back (S2.2, P.15)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from services.tasks.engine.effects import AssignTask, CloseTask, DeferTask, Effect, MoveTask, OpenToAll, TakeTask
from services.tasks.engine.state import Operator, OperatorId, State, TaskId


class MemberState(StrEnum):
    """What became of a member; `asked` waits for assignment's answer, `stays` never moves."""

    PLANNED = "planned"
    STAYS = "stays"
    ASKED = "asked"
    MOVED = "moved"
    NO_ROOM = "no_room"
    CHANGED = "changed"
    RETURNED = "returned"
    KEPT = "kept"


#: Members that an undo looks at.
UNDOABLE = (MemberState.ASKED, MemberState.MOVED, MemberState.NO_ROOM)


class Note(StrEnum):
    """Why a member, or its task, is not moved."""

    TASK_TAKEN = "task_taken"
    TASK_ENDED = "task_ended"
    TASK_MOVED = "task_moved"
    OWNER_CHANGED = "owner_changed"
    LEAD_ENDED = "lead_ended"
    OPERATOR_UNFIT = "operator_unfit"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Found:
    """A lead of the operator, with one of the open tasks that they have, if any; `owned`: they own the lead."""

    process_id: UUID
    lead_id: UUID | None
    order_number: str | None
    owned: bool
    owner_version: int
    task_id: TaskId | None = None
    task_type: str | None = None
    task_version: int | None = None
    role: str | None = None
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """An operator who gets leads, and the roles by which tasks fit them."""

    operator: Operator
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Member:
    """A lead and perhaps a task of it, to whom they go (None: no owner, the task's lane), and what came of it."""

    position: int
    process_id: UUID
    lead_id: UUID | None
    order_number: str | None
    moves_owner: bool
    owner_version: int
    task_id: TaskId | None
    task_type: str | None
    task_version: int | None
    taken: bool
    to: Operator | None
    state: MemberState = MemberState.PLANNED
    note: Note | None = None
    moved_owner_version: int | None = None

    @property
    def moves_task(self) -> bool:
        """Whether the task goes too: one that was taken stays until it is answered."""
        return self.task_id is not None and not self.taken


@dataclass(frozen=True, slots=True)
class Undo:
    """Whether a member is taken back; a task of it goes to the former operator only if they are there."""

    note: Note | None
    task_to: Operator | None = None

    @property
    def possible(self) -> bool:
        return self.note is None


def plan(found: Sequence[Found], targets: Sequence[Target]) -> list[Member]:
    """Return the members: leads go to the targets in turn, all tasks of a lead to one; no targets = to the pools.

    `found` are sorted by process. A lead for which no target has the roles stays.
    """
    members: list[Member] = []
    turn = 0
    for _, rows in groupby(found, key=lambda each: each.process_id):
        lead = list(rows)
        needed = {row.role for row in lead if row.role is not None and not row.taken}
        order = [targets[(turn + step) % len(targets)] for step in range(len(targets))]
        chosen = next((target for target in order if needed <= target.roles), None)
        if chosen is not None:
            turn = (targets.index(chosen) + 1) % len(targets)
        unfit = bool(targets) and chosen is None
        members += [
            _member(len(members) + number, row, chosen, unfit=unfit, first=number == 0)
            for number, row in enumerate(lead)
        ]
    return members


def _member(position: int, row: Found, to: Target | None, *, unfit: bool, first: bool) -> Member:
    moves_owner = row.owned and first
    note, state = (Note.TASK_TAKEN if row.taken else None), MemberState.PLANNED
    if unfit:
        note, state = Note.OPERATOR_UNFIT, MemberState.STAYS
    elif not moves_owner and (row.taken or row.task_id is None):
        state = MemberState.STAYS
    return Member(
        position=position,
        process_id=row.process_id,
        lead_id=row.lead_id,
        order_number=row.order_number,
        moves_owner=moves_owner,
        owner_version=row.owner_version,
        task_id=row.task_id,
        task_type=row.task_type,
        task_version=row.task_version,
        taken=row.taken,
        to=None if to is None else to.operator,
        state=state,
        note=note,
    )


def obstacle(member: Member, state: State, former: OperatorId) -> Note | None:
    """Return why a planned member is not moved any more: something is not as the plan named it."""
    if not state.live:
        return Note.LEAD_ENDED
    owner = state.owner.id if state.owner else None
    if member.moves_owner and (owner, state.owner_version) != (former, member.owner_version):
        return Note.OWNER_CHANGED
    if not member.moves_task or member.task_id is None:
        return None
    task = state.open_task(member.task_id)
    if task is None:
        return Note.TASK_ENDED
    if task.operator_id == former and task.taken_at is not None:
        return Note.TASK_TAKEN
    return None if (task.operator_id, task.version) == (former, member.task_version) else Note.TASK_MOVED


def undo(member: Member, state: State, former: Operator, *, present: bool) -> Undo:
    """Return whether a moved member can be taken back: only if it is untouched since."""
    if not state.live:
        return Undo(Note.LEAD_ENDED)
    to = member.to.id if member.to else None
    owner = state.owner.id if state.owner else None
    if member.moves_owner and (owner, state.owner_version) != (to, member.moved_owner_version):
        return Undo(Note.OWNER_CHANGED)
    if not member.moves_task or member.task_id is None:
        return Undo(None)
    task = state.open_task(member.task_id)
    if task is None:
        return Undo(Note.TASK_ENDED)
    if task.operator_id not in (None, to) or task.lender_id is not None:
        return Undo(Note.TASK_MOVED)
    if task.taken_at is not None:
        return Undo(Note.TASK_TAKEN)
    return Undo(None, former if present else None)


def answers(
    asked: Mapping[TaskId, tuple[OperatorId, ...]], effects: Iterable[Effect]
) -> dict[TaskId, tuple[MemberState, Note | None]]:
    """Return what became of tasks for which named operators were asked; `asked` are those of the state before."""
    found: dict[TaskId, tuple[MemberState, Note | None]] = {}
    for effect in effects:
        match effect:
            case AssignTask(task_id=task_id) if task_id in asked:
                found[task_id] = MemberState.MOVED, None
            case OpenToAll(task_id=task_id) if task_id in asked:
                found[task_id] = MemberState.NO_ROOM, None
            case TakeTask(task_id=task_id, operator=operator) if task_id in asked:
                named = operator.id in asked[task_id]
                found[task_id] = (MemberState.MOVED, None) if named else (MemberState.CHANGED, Note.TASK_TAKEN)
            case CloseTask(task_id=task_id) | DeferTask(task_id=task_id) if task_id in asked:
                found[task_id] = MemberState.CHANGED, Note.TASK_ENDED
            case MoveTask(task_id=task_id) if task_id in asked:
                found[task_id] = MemberState.CHANGED, Note.TASK_MOVED
            case _:
                pass
    return found
