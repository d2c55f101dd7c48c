"""Contacts on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from libs.common.contracts.shared import ContactKind, Customer, Direction, IdentityKind
from libs.common.domain.code import Code
from libs.common.domain.phone import read_phone
from libs.common.platform.http.wire import NOT_HIDDEN, Moment, Name, Wire, WrongValueError, not_hidden
from services.intake.contacts.rules import Said, direction_of
from services.intake.deliveries.rules import Disposition, is_false
from services.intake.formats.values import read_email

_DAY = 24 * 60 * 60


def _email(value: str) -> str:
    read = read_email(not_hidden(value))
    if read is None:
        raise WrongValueError("это не адрес почты", "no e-mail address")
    return read


def _number(value: str) -> str:
    if is_false(read_phone(not_hidden(value))):
        raise WrongValueError("это не номер телефона", "no phone number")
    return value


#: A number that can be called, in any spelling; one of another country than Russia with its code.
A_NUMBER = AfterValidator(_number)
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Short = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class IdentityIn(Wire):
    """An identity as the channel spells it."""

    kind: IdentityKind
    value: Annotated[Short, NOT_HIDDEN]


class ContactIn(Wire):
    """A call or a message that came by a source: by its code, as a line or a channel is one.

    `direction` is needed for a message alone. With `external_id` a later report of the same contact changes it.
    `text` and `button` are what a message says; they are published to playbooks and shown nowhere.
    `lead_id` names the lead; without it the customer's newest live one is taken, or a new one is opened when the
    customer turned to us.
    """

    desk: Code
    source: Code
    kind: ContactKind
    direction: Direction | None = None
    at: Moment
    external_id: Short | None = None
    duration: Annotated[int, Field(ge=0, le=_DAY, description="seconds of conversation")] | None = None
    operator_id: UUID | None = None
    extension: Short | None = None
    line: Short | None = None
    recording: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    message_id: UUID | None = None
    name: Name | None = None
    phone: Annotated[str, Field(min_length=1, max_length=64, pattern=r"\d")] | None = None
    email: Email | None = None
    identities: Annotated[tuple[IdentityIn, ...], Field(max_length=20)] = ()
    lead_id: UUID | None = None
    text: Annotated[str, Field(min_length=1, max_length=10_000)] | None = None
    button: Short | None = None

    @model_validator(mode="after")
    def _has_a_direction(self) -> Self:
        if direction_of(self.kind, self.direction) is None:
            raise WrongValueError(
                "direction: нужно для сообщения, а у звонка следует из вида",
                "direction: needed for a message, and of calls that of their kind",
            )
        return self

    @model_validator(mode="after")
    def _says_nothing_by_phone(self) -> Self:
        if self.kind is not ContactKind.MESSAGE and (self.text, self.button) != (None, None):
            raise WrongValueError("text, button: бывают только у сообщения", "text, button: belong to a message")
        return self

    def said(self) -> Said:
        """Return what the sender says."""
        own = ("desk", "source", "direction", "identities")
        members = {name: value for name, value in vars(self).items() if name not in own}
        direction = direction_of(self.kind, self.direction)
        assert direction is not None  # noqa: S101 - checked by the validator
        identities = tuple((each.kind, each.value) for each in self.identities)
        return Said(**members, direction=direction, identities=identities)


class ContactView(BaseModel):
    """A contact; `person` is who it was as the sender said, `recording` where leave to listen is asked for."""

    id: UUID
    desk: str
    source: str
    external_id: str | None
    kind: ContactKind
    direction: Direction
    at: datetime
    duration: int | None
    operator_id: UUID | None
    extension: str | None
    line: str | None
    recording: str | None
    message_id: UUID | None
    customer_id: UUID | None
    lead_id: UUID | None
    person: Customer
    received_at: datetime
    version: int


class RecordedContact(ContactView):
    """A contact that was recorded now, or known already."""

    disposition: Disposition
