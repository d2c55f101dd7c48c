"""Operators on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field, field_validator, model_validator

from libs.common.contracts.shared import Customer, Identity, IdentityKind, Presence
from libs.common.domain.code import Code
from libs.common.domain.phone import read_phone
from libs.common.platform.http.wire import Patch, WrongValueError
from services.assignment.operators.actions import NO_DEPARTMENT, NewOperator, OperatorChange, SeatSpec
from services.assignment.wire import Codes, Name, Wire

Products = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=100)], ...],
    Field(max_length=1000, description="product codes the operator knows; `*` is every product"),
]
Capacity = Annotated[int, Field(ge=0, le=1_000_000, description="open tasks at most")]


class SeatIn(Wire):
    """A seat in a pool; `desk` is the operator's home desk by default."""

    code: Code
    desk: Code | None = None
    weight: Annotated[int, Field(ge=1, le=100)] = 1


Department = Annotated[Code | None, Field(description="code of a department of the home desk")]
Handle = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class OperatorIdentityIn(Wire):
    """Where a messenger reaches the operator, as it spells it."""

    kind: IdentityKind
    value: Handle


class OperatorContactIn(Wire):
    """How playbooks may write to the operator: all of it, what is left out is taken away."""

    phone: Annotated[str, Field(max_length=64)] | None = None
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")] | None = None
    identities: Annotated[tuple[OperatorIdentityIn, ...], Field(max_length=10)] = ()

    @field_validator("phone")
    @classmethod
    def _can_be_called(cls, phone: str | None) -> str | None:
        read = None if phone is None else read_phone(phone)
        if read is not None and not read.valid:
            raise WrongValueError("номер недействителен", "no valid number")
        return read.e164 if read else None

    def person(self) -> Customer:
        identities = tuple(Identity(kind=each.kind, value=each.value) for each in self.identities)
        return Customer(phone=self.phone, email=self.email, identities=identities)


Telephone = Annotated[str, Field(pattern=r"^\d{1,12}$", description="of a telephone at the exchange")]


class OperatorIn(Wire):
    """An operator to create. `subject` is the `sub` of their tokens, `desk` their home desk."""

    desk: Code
    subject: Annotated[str, Field(min_length=1, max_length=255)]
    name: Name
    roles: Codes = ("operator",)
    desks: Codes = ()
    products: Products = ("*",)
    capacity: Capacity | None = None
    pools: Annotated[tuple[SeatIn, ...], Field(max_length=100)] = ()
    contact: OperatorContactIn | None = None
    department: Department = None
    extension: Telephone | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        refuse_repeated_pools(self.pools)
        return self

    def command(self) -> NewOperator:
        """Return the use case's input; the home desk is always one of the desks."""
        desks = tuple(dict.fromkeys((self.desk, *self.desks)))
        return NewOperator(
            self.desk,
            self.subject,
            self.name,
            self.roles,
            desks,
            self.products,
            self.capacity,
            seat_specs(self.pools, self.desk),
            self.contact.person() if self.contact else None,
            self.department,
            self.extension,
        )


class OperatorPatch(Patch):
    """A change of an operator; a field left out stays. `pools` replaces all seats; `takes_away` may be null."""

    takes_away: ClassVar[frozenset[str]] = frozenset({"department", "extension"})

    name: Name | None = None
    roles: Codes | None = None
    desks: Annotated[Codes, Field(min_length=1)] | None = None
    products: Products | None = None
    capacity: Capacity | None = None
    active: bool | None = None
    pools: Annotated[tuple[SeatIn, ...], Field(max_length=100)] | None = None
    contact: OperatorContactIn | None = None
    department: Department = None
    extension: Telephone | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        refuse_repeated_pools(self.pools or ())
        return self

    def command(self, home: str) -> OperatorChange:
        """Return the use case's input; `home` is the desk of seats without one."""
        pools = None if self.pools is None else seat_specs(self.pools, home)
        contact = self.contact.person() if self.contact else None
        leaves = self.department is None and "department" in self.model_fields_set
        return OperatorChange(
            self.name, self.roles, self.desks, self.products, self.capacity, self.active, pools, contact,
            NO_DEPARTMENT if leaves else self.department, self.extension, "extension" in self.model_fields_set,
        )  # fmt: skip


class SeatView(BaseModel):
    """A seat in a pool and its number of turns."""

    desk: str
    code: str
    weight: int
    turns: int


class OperatorView(BaseModel):
    """An operator."""

    id: UUID
    desk: str
    subject: str
    name: str
    roles: tuple[str, ...]
    desks: tuple[str, ...]
    products: tuple[str, ...]
    capacity: int
    open_work: int
    active: bool
    presence: Presence
    away: bool
    presence_since: datetime
    pause_reason: str | None
    contact: Customer | None
    department: str | None
    absent_until: Annotated[datetime | None, Field(description="when a planned absence ends that lasts")]
    deputy_id: UUID | None
    after_call_until: datetime | None
    extension: str | None
    pools: tuple[SeatView, ...]
    version: int
    created_at: datetime


class WorkCounts(BaseModel):
    """Open work: given and not yet taken, and taken; together they are `open_work`."""

    offered: int
    held: int


class MeView(OperatorView):
    """The caller as an operator; `roles` are the desks' own, by which work is given, not those of the token."""

    work: WorkCounts


def seat_specs(seats: tuple[SeatIn, ...], home: str) -> tuple[SeatSpec, ...]:
    """Return the requested seats, each with its desk."""
    return tuple(SeatSpec(seat.desk or home, seat.code, seat.weight) for seat in seats)


def refuse_repeated_pools(seats: Sequence[SeatIn]) -> None:
    """Raises ValueError for two seats in one pool."""
    names = [(seat.desk, seat.code) for seat in seats]
    if len(set(names)) < len(names):
        raise WrongValueError("пул указан дважды", "a pool is given twice")
