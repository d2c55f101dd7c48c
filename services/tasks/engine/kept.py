"""Effects by which a process keeps something, counts, charges, documents, and by which it loses that again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from services.tasks.engine.facts import Document
from services.tasks.engine.state import Task, TaskId
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.keeps import ChargeSpec
from services.tasks.playbooks.terms import Title


@dataclass(frozen=True, slots=True)
class Count:
    """A counter of the process has risen to `count`."""

    rule: str
    counter: str
    title: Title
    count: int


@dataclass(frozen=True, slots=True)
class RaiseCharge:
    """A partner owes a charge; `amount` None: it is for who bills to say."""

    rule: str
    spec: ChargeSpec
    partner_id: UUID
    amount: Decimal | None
    currency: str | None
    actor: str


@dataclass(frozen=True, slots=True)
class AddDocument:
    """A document is linked to the subject."""

    rule: str
    document: Document
    actor: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Fields of earlier outcomes do not count any more: a later one declares them and left them empty."""

    rule: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TakeBack:
    """What an outcome did to its process is taken back; if it `reopens`, its task is open until it gets another.

    `task` is as it was, `outcome` the wrong one; `attempts`, `counts` and `fields` are values as they were before,
    None = there was none. `documents` are those that it linked.
    """

    rule: str
    task: Task
    outcome: str
    actor: str
    reason: str
    reopens: bool = True
    attempts: Mapping[str, int | None] = field(default_factory=dict)
    counts: Mapping[str, int | None] = field(default_factory=dict)
    fields: Mapping[str, FieldValue | None] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()

    @property
    def task_id(self) -> TaskId:
        return self.task.id


Kept: TypeAlias = Count | RaiseCharge | AddDocument | Forget
