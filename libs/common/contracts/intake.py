"""Events that intake owns: leads, orders, contacts, appointments, customers, partners.

Their key is `lead:<id>` unless said otherwise.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.envelope import EventData
from libs.common.contracts.shared import (
    AppointmentParty,
    AppointmentStep,
    CallingHours,
    CallsGoTo,
    ChangeTarget,
    ContactKind,
    Customer,
    Direction,
    Language,
    OrderStatus,
    Part,
    Signal,
    Speaker,
    Stage,
    Text,
    ZoneSource,
)
from libs.common.contracts.topics import Topic
from libs.common.domain.money import Money

OWNER = "intake"


class IntakeEvent(EventData):
    """An event of intake's topic."""

    owner: ClassVar[str] = OWNER
    topic: ClassVar[Topic] = Topic.INTAKE


class PartyEvent(IntakeEvent):
    """An event about a customer or a partner, on a topic of its own: who reads it need not read all leads."""

    topic: ClassVar[Topic] = Topic.PARTIES


class Item(Part):
    """A line of an order as the source gave it; `code` is the desk's product code when known."""

    title: str
    code: str | None = None
    quantity: int = 1
    price: Money | None = None


class Fault(Part):
    """What intake refuses about a field by itself; `code` is machine-read."""

    field: str
    code: str


class Totals(Part):
    """The sums of an order; None: not known. `goods` is the sum of the lines, known once each has a price."""

    goods: Money | None = None
    total: Money | None = None
    paid: Money | None = None


class Order(Part):
    """An order as a new lead brought it. `filled`: its fields that have a valid value, never the values."""

    id: UUID
    number: str
    external_id: str
    external_number: str | None = None
    status: OrderStatus
    version: int
    amount: Money | None = None
    paid: Money | None = None
    payment_link: str | None = None
    items: tuple[Item, ...] = ()
    filled: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    totals: Totals | None = None


class ContactFacts(BaseModel):
    """A call or a message of a customer, as the sender says it.

    `at` is its beginning by the sender's clock, `duration` seconds of conversation. Who answered or called is
    `operator_id` where known, `extension` as telephony has it. `recording` is where leave to listen is asked for.
    """

    contact_id: UUID
    kind: ContactKind
    direction: Direction
    at: datetime
    duration: int | None = None
    operator_id: UUID | None = None
    extension: str | None = None
    line: str | None = None
    recording: str | None = None
    message_id: UUID | None = None
    external_id: str | None = None


class Contact(Part, ContactFacts):
    """The contact that a new lead began with."""


class LeadReceived(IntakeEvent):
    """A new lead with its first order. Of releases before V2, which is published instead; readers read both."""

    event_type: ClassVar[str] = "dozvon.lead.received.v1"

    lead_id: UUID
    customer_id: UUID
    source_id: UUID
    source: str
    playbook: str
    external_id: str
    external_number: str | None = None
    order_id: UUID
    order_number: str
    order_status: OrderStatus
    amount: Money | None = None
    payment_link: str | None = None
    items: tuple[Item, ...] = ()
    marketing: dict[str, str] = {}
    signals: tuple[Signal, ...] = ()
    earlier_lead_id: UUID | None = None  # of the unpaid order that `second_unpaid_order` speaks of (S4.2)
    language: Language
    zone: str
    received_at: datetime
    person: Customer


class LeadReceivedV2(IntakeEvent):
    """A new lead, committed with the delivery that brought it: with an order, by a contact, or with neither.

    It is born in its playbook's first status; `title` is None while intake has not seen the playbook active.
    `partner_id`: whose customer the lead is (S0.12).
    """

    event_type: ClassVar[str] = "dozvon.lead.received.v2"

    lead_id: UUID
    customer_id: UUID
    source_id: UUID
    source: str
    playbook: str
    status: str
    title: Text | None = None
    stage: Stage
    order: Order | None = None
    contact: Contact | None = None
    marketing: dict[str, str] = {}
    signals: tuple[Signal, ...] = ()
    earlier_lead_id: UUID | None = None  # of the unpaid order that `second_unpaid_order` speaks of (S4.2)
    language: Language
    zone: str
    zone_source: ZoneSource | None = None
    received_at: datetime
    partner_id: UUID | None = None
    person: Customer


class LeadUpdated(IntakeEvent):
    """The person, the signals or the pinned comment of a lead changed without a change of status.

    `request_id` names the `change.requested` that it answers. The comment itself is not published.
    `all_identities`: the person has all that they are known by; else identities that are left out stay as known.
    """

    event_type: ClassVar[str] = "dozvon.lead.updated.v1"

    lead_id: UUID
    customer_id: UUID | None = None
    version: int | None = None
    request_id: UUID | None = None
    signals: tuple[Signal, ...] = ()
    person: Customer
    all_identities: bool = False
    language: Language
    zone: str
    zone_source: ZoneSource | None = None


class LeadMerged(IntakeEvent):
    """Two leads are one by now, or by `undone` two again: said of both, each under its own key.

    No id is rewritten: what was written of `loser_id` is read as of `winner_id`, which alone is worked.
    """

    event_type: ClassVar[str] = "dozvon.lead.merged.v1"

    merge_id: UUID
    lead_id: UUID
    customer_id: UUID | None = None
    winner_id: UUID
    loser_id: UUID
    undone: bool = False
    actor: str


class LeadStatusChanged(IntakeEvent):
    """Intake applied a requested status; `request_id` is the id of the request's event."""

    event_type: ClassVar[str] = "dozvon.lead.status_changed.v1"

    lead_id: UUID
    from_status: str | None
    to_status: str
    stage: Stage
    actor: str
    reason: str
    request_id: UUID | None = None


class LeadStatusRefused(IntakeEvent):
    """Intake did not apply a status; `code` says why, machine-read."""

    event_type: ClassVar[str] = "dozvon.lead.status_refused.v1"

    lead_id: UUID
    status: str
    current_status: str
    code: str
    request_id: UUID


class OrderChanged(IntakeEvent):
    """An order changed: by a later delivery of its source (S4.1), or by the `change.requested` of `request_id`.

    `version`, `filled`, `faults` and `totals` are those after the change, as in `Order`. `held_until`: until when
    its price is held (S4.17).
    """

    event_type: ClassVar[str] = "dozvon.order.changed.v1"

    lead_id: UUID
    customer_id: UUID | None = None
    order_id: UUID
    order_number: str
    external_id: str
    from_status: OrderStatus
    to_status: OrderStatus
    amount: Money | None = None
    paid: Money | None = None
    payment_link: str | None = None
    version: int | None = None
    filled: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    totals: Totals | None = None
    held_until: datetime | None = None
    request_id: UUID | None = None


class ContactRecorded(IntakeEvent, ContactFacts):
    """A call or a message happened. Key `lead:<id>`, or `contact:<id>` while no lead is known."""

    event_type: ClassVar[str] = "dozvon.contact.recorded.v1"

    lead_id: UUID | None = None
    customer_id: UUID | None = None
    source_id: UUID
    source: str
    person: Speaker


class CustomerChanged(PartyEvent):
    """A customer's own data changed; `person` is how they are now. Key `customer:<id>`.

    `request_id` names the `change.requested` that it answers, `lead_id` the lead that it was made for.
    """

    event_type: ClassVar[str] = "dozvon.customer.changed.v1"

    customer_id: UUID
    lead_id: UUID | None = None
    version: int
    request_id: UUID | None = None
    person: Customer


class CustomerMerged(PartyEvent):
    """A customer is another one by now, or by `undone` stands by itself again. Key `customer:<id>` of the loser.

    No id is rewritten: what was written of `customer_id` is read as of `winner_id`. What the winner is known by
    follows as `customer.changed`.
    """

    event_type: ClassVar[str] = "dozvon.customer.merged.v1"

    merge_id: UUID
    customer_id: UUID
    winner_id: UUID
    undone: bool = False
    actor: str


class MessageResolved(PartyEvent):
    """Whose a message is, and for which lead: the answer to `message.received`. Key `customer:<id>`.

    `lead_id` None: the customer has no live lead, and no source opens one for the channel. `person` and `zone` are
    the lead's, else as the message shows its sender; `partner_operator_id` works the leads of the lead's partner.
    """

    event_type: ClassVar[str] = "dozvon.message.resolved.v1"

    message_id: UUID
    customer_id: UUID
    lead_id: UUID | None = None
    partner_id: UUID | None = None
    partner_operator_id: UUID | None = None
    zone: str | None = None
    person: Customer


class AppointmentChanged(IntakeEvent):
    """A lead's appointment was planned, moved, cancelled, kept or missed. A lead has at most one under way.

    `at` is its time after the change, `previous_at` the one before a move; `by` and `warned` say who moved or
    cancelled it, and whether they said so beforehand (S0.15). `request_id` names the `change.requested` it answers.
    """

    event_type: ClassVar[str] = "dozvon.appointment.changed.v1"

    appointment_id: UUID
    lead_id: UUID
    customer_id: UUID | None = None
    partner_id: UUID | None = None
    version: int
    step: AppointmentStep
    at: datetime
    previous_at: datetime | None = None
    by: AppointmentParty | None = None
    warned: bool | None = None
    request_id: UUID | None = None


class PartnerChanged(PartyEvent):
    """A partner's card was made or changed (S0.12). Key `partner:<id>`. `person` is how the partner is reached.

    No `hours` = round the clock. `operator_id` works the partner's leads, `consultant_id` minds the card (S0.14).
    `card_link` and `cabinet_link` are where staff open the card, and the partner their cabinet; `lines` are called
    for the partner, by their digits. `again`: nothing has changed, the card is said once more.
    """

    event_type: ClassVar[str] = "dozvon.partner.changed.v1"

    partner_id: UUID
    code: str
    title: Text
    version: int
    active: bool = True
    language: Language
    zone: str
    hours: tuple[CallingHours, ...] = ()
    calls_go_to: CallsGoTo = CallsGoTo.OPERATOR
    operator_id: UUID | None = None
    consultant_id: UUID | None = None
    address: str | None = None
    site: str | None = None
    card_link: str | None = None
    cabinet_link: str | None = None
    lines: tuple[str, ...] = ()
    again: bool = False
    person: Customer


class ChangeRefused(IntakeEvent):
    """Intake did not apply a `change.requested`. Key: that of the request.

    `current_version` is None when there is nothing of this id. `code` is machine-read: `unknown_target` (no such
    kind of target yet), `not_found`, `stale_version`, `invalid_values`, `identity_taken`, `already_planned`,
    `already_paid`, `out_of_turn`.
    """

    event_type: ClassVar[str] = "dozvon.change.refused.v1"

    request_id: UUID
    target: ChangeTarget
    target_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    code: str
    current_version: int | None
    faults: tuple[Fault, ...] = ()


EVENTS = (
    LeadReceived, LeadReceivedV2, LeadUpdated, LeadMerged, LeadStatusChanged, LeadStatusRefused, OrderChanged,
    ContactRecorded, CustomerChanged, CustomerMerged, MessageResolved, AppointmentChanged, PartnerChanged,
    ChangeRefused,
)  # fmt: skip
