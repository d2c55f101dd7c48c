"""Customers on the wire."""

from datetime import datetime
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.contracts.shared import IdentityKind, Purpose, ZoneSource
from libs.common.platform.http.wire import NOT_HIDDEN, Patch, Wire, WrongValueError
from services.intake.contacts.rules import Known
from services.intake.contacts.schemas import Short
from services.intake.customers.rules import IdentityStep
from services.intake.formats.values import read_email
from services.intake.orders.schemas import OrderView
from services.intake.sources.schemas import Zone


class IdentityView(BaseModel):
    """An identity by which a customer is recognised."""

    kind: IdentityKind
    value: str


class CustomerItem(BaseModel):
    """A customer of one desk, in a list."""

    id: UUID
    desk: str
    name: str | None
    created_at: datetime
    identities: list[IdentityView]
    version: int


class CustomerView(CustomerItem):
    """A customer of one desk, with all their orders (S1.11); `merged`: the ids of those who are this one by now.

    `zone` is that of their address, else of their number, else of the source of their newest lead. `closed`: what
    they withdrew and are not contacted for; `listed`: they are on the black list, and not contacted at all.
    """

    zone: str | None
    zone_source: ZoneSource | None
    closed: list[Purpose]
    listed: bool
    orders: list[OrderView]
    merged: list[UUID]


Why = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S", description="for the history")]


class CustomerPatch(Patch):
    """What changes of a customer: the zone of their address."""

    takes_away: ClassVar = frozenset({"zone"})

    zone: Zone | None = None


class IdentityChange(Wire):
    """An identity to attach or detach, and why. A phone in any spelling, a channel's id as it spells it."""

    kind: IdentityKind
    value: Annotated[Short, NOT_HIDDEN]
    reason: Why

    @property
    def known(self) -> Known:
        """The identity as it was given."""
        return self.kind, self.value.strip()


class NewIdentity(IdentityChange):
    """An identity to attach."""

    @model_validator(mode="after")
    def _is_for_people_to_say(self) -> Self:
        if self.kind is IdentityKind.EXTERNAL:
            raise WrongValueError("external: называет только источник", "external: a source alone says it")
        if self.kind is IdentityKind.EMAIL and read_email(self.value.strip()) is None:
            raise WrongValueError("value: это не адрес почты", "value: no e-mail address")
        return self


class IdentityChangeView(BaseModel):
    """Who attached or detached an identity, when and why; `cause_id`: the delivery, event or request behind it."""

    id: int
    at: datetime
    what: IdentityStep
    kind: IdentityKind
    value: str
    actor: str
    reason: str
    cause_id: UUID
