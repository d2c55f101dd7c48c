"""What an outcome did to its process, kept so that it can be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from services.tasks.engine.asking import RequestChange, WithdrawMessage
from services.tasks.engine.effects import Effect, StartProcess
from services.tasks.engine.facts import Document
from services.tasks.engine.kept import RaiseCharge
from services.tasks.engine.state import Operator, State, Task, TaskId, TaskState, Timer
from services.tasks.playbooks.fields import FieldValue

T = TypeVar("T")


class Lasting(StrEnum):
    """What stays when an outcome is taken back, because others have it."""

    MESSAGE = "message"
    MESSAGE_WITHDRAWN = "message_withdrawn"
    CHANGE = "change"
    CHARGE = "charge"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Left:
    """Something that left the process and stays: its code is that of the message, the charge, the playbook."""

    kind: Lasting
    code: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What an outcome did.

    `task` is as it was. Values of before: None = there was none; `status` before and after, `owner` before and its
    version after.
    `opened` and `closed` are tasks, without its own. `set_timers` and `stopped` are timers, `messages` those that
    it requested, with their numbers, `left` what can never be taken back.
    """

    task: Task
    outcome: str
    actor: str
    at: datetime
    opened: tuple[TaskId, ...] = ()
    closed: tuple[TaskId, ...] = ()
    set_timers: tuple[Timer, ...] = ()
    stopped: tuple[Timer, ...] = ()
    messages: Mapping[str, int] = field(default_factory=dict)
    attempts: Mapping[str, int | None] = field(default_factory=dict)
    counts: Mapping[str, int | None] = field(default_factory=dict)
    fields: Mapping[str, FieldValue | None] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()
    status: tuple[str, str] | None = None
    owner: tuple[Operator | None, int] | None = None
    left: tuple[Left, ...] = ()


def deed_of(
    task: Task, actor: str, outcome: str, at: datetime, before: State, after: State, effects: tuple[Effect, ...]
) -> Deed:
    """Return what an outcome did: the difference that it made, and what its effects asked of others."""
    was_open = {each.id for each in before.open_tasks}
    known = {each.id: each for each in after.tasks}
    return Deed(
        task=task,
        outcome=outcome,
        actor=actor,
        at=at,
        opened=tuple(each.id for each in after.open_tasks if each.id not in was_open),
        closed=tuple(id_ for id_ in was_open if id_ != task.id and known[id_].state is not TaskState.ACTIVE),
        set_timers=tuple(timer for timer in after.timers if timer not in before.timers),
        stopped=tuple(timer for timer in before.timers if timer not in after.timers),
        messages={code: number for code, number in after.messages.items() if before.messages.get(code) != number},
        attempts=_before(before.attempts, after.attempts),
        counts=_before(before.counts, after.counts),
        fields=_before(before.fields, after.fields),
        documents=tuple(document for document in after.documents if document not in before.documents),
        status=_changed(before.status, after.status),
        owner=(before.owner, after.owner_version) if before.owner != after.owner else None,
        left=tuple(left for effect in effects if (left := _left(effect)) is not None),
    )


def _changed(before: str | None, after: str | None) -> tuple[str, str] | None:
    return None if before is None or after is None or before == after else (before, after)


def _before(before: Mapping[str, T], after: Mapping[str, T]) -> dict[str, T | None]:
    names = before.keys() | after.keys()
    return {name: before.get(name) for name in sorted(names) if before.get(name) != after.get(name)}


def _left(effect: Effect) -> Left | None:
    match effect:
        case RequestChange(target=target):
            return Left(Lasting.CHANGE, target)
        case RaiseCharge(spec=spec):
            return Left(Lasting.CHARGE, spec.code)
        case StartProcess(playbook=playbook):
            return Left(Lasting.PROCESS, playbook)
        case WithdrawMessage(purpose=purpose):
            return Left(Lasting.MESSAGE_WITHDRAWN, purpose)
        case _:
            return None
