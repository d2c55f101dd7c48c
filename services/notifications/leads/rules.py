"""Who works a lead, after each change."""

from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Given:
    """An operator has got a task of the lead, and is responsible for the lead if `owns_lead`."""

    task_id: UUID
    operator_id: UUID
    owns_lead: bool = False


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
    """Who is responsible for a lead, and who has a task of it: of several the one that was given out last."""

    owner_id: UUID | None = None
    task_id: UUID | None = None
    holder_id: UUID | None = None
    sequence: int = 0

    @property
    def listener(self) -> UUID | None:
        """Return who hears what the lead's customer says."""
        return self.owner_id or self.holder_id


def after(working: Working, change: Change, sequence: int) -> Working:
    """Return who works a lead after a change; an older one than the last changes nothing."""
    if sequence <= working.sequence:
        return working
    return replace(_after(working, change), sequence=sequence)


def _after(working: Working, change: Change) -> Working:
    match change:
        case Given(task_id, operator_id, owns_lead):
            owner_id = operator_id if owns_lead else working.owner_id
            return replace(working, owner_id=owner_id, task_id=task_id, holder_id=operator_id)
        case Over(task_id):
            return replace(working, task_id=None, holder_id=None) if task_id == working.task_id else working
        case Owned(operator_id):
            return replace(working, owner_id=operator_id)
        case _:
            assert_never(change)
