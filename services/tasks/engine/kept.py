"""Effects of steps by which a process keeps something: counts, charges, documents."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from services.tasks.engine.facts import Document
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


Kept: TypeAlias = Count | RaiseCharge | AddDocument
