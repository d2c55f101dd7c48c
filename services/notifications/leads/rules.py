"""Who works a lead, after each change."""

from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Given:
    """An operator has got a task of the lead, and is responsible for the lead if `owns_lead`.

    `heir`: it was handed over to them at the end of a shift (S4.6).
    """

    task_id: UUID
    operator_id: UUID
    owns_lead: bool = False
    heir: bool = False


@dataclass(frozen=True, slots=True)
class Over:
    """A task of the lead has ended, or no operator has it any more."""

    task_id: UUID


@dataclass(frozen=True, slots=True)
class Owned:
    """Another operator is responsible for the lead, or no operator is."""

    operator_id: UUID | None


Change: TypeAlias = Given | Over | Owned


@dataclass(frozen=True, slots=True)
class Working:
    """Who is responsible for a lead, and who has a task of it: of several the one that was given out last.

    `heir`: that task is a conversation which was handed over to its holder; while it lasts, the thread is theirs.
    """

    owner_id: UUID | None = None
    task_id: UUID | None = None
    holder_id: UUID | None = None
    sequence: int = 0
    heir: bool = False

    @property
    def listener(self) -> UUID | None:
        """Return who hears what the lead's customer says."""
        return self.holder_id if self.heir else self.owner_id or self.holder_id


def after(working: Working, change: Change, sequence: int) -> Working:
    """Return who works a lead after a change; an older one than the last changes nothing."""
    if sequence <= working.sequence:
        return working
    return replace(_after(working, change), sequence=sequence)


def _after(working: Working, change: Change) -> Working:
    match change:
        case Given(task_id, operator_id, owns_lead, heir):
            owner_id = operator_id if owns_lead else working.owner_id
            return replace(working, owner_id=owner_id, task_id=task_id, holder_id=operator_id, heir=heir)
        case Over(task_id):
            none = replace(working, task_id=None, holder_id=None, heir=False)
            return none if task_id == working.task_id else working
        case Owned(operator_id):
            return replace(working, owner_id=operator_id, heir=False)
        case _:
            assert_never(change)
