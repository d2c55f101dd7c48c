"""Parts that payloads of several owners share."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A nested part of a payload: frozen, tolerant of fields that a newer writer added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Language(StrEnum):
    """Languages that people read; codes are ISO 639-1."""

    RU = "ru"
    EN = "en"


class Text(Part):
    """One text in both languages."""

    ru: str
    en: str


class IdentityKind(StrEnum):
    """What a customer can be known by; a kind and a value name one customer of a desk (P.13)."""

    PHONE = "phone"
    EMAIL = "email"
    WHATSAPP = "whatsapp"  # a number known from WhatsApp alone; it is a phone identity too
    BSUID = "bsuid"  # WhatsApp's id of a user who hides the number
    MAX = "max"
    TELEGRAM = "telegram"
    INSTAGRAM = "instagram"
    EXTERNAL = "external"  # a source's own id of its customer


class Identity(Part):
    """One identity: a phone in E.164, an e-mail in lower case, a channel's own id as the channel spells it."""

    kind: IdentityKind
    value: str


class Customer(Part):
    """A person, mostly the customer: all personal data of an event, in its member `person`. `phone` is E.164.

    `identities`: what else they are known by, as far as the writer had it at hand.
    """

    name: str | None = None
    phone: str | None = None
    phone_raw: str | None = None
    email: str | None = None
    identities: tuple[Identity, ...] = ()


class Speaker(Customer):
    """Who called or wrote, and what they said: the `text` of a message, the `button` that they pressed.

    `stop`: the message is one of its channel's stop words and no more: its address takes no advertisements, and its
    customer withdraws everything.
    """

    text: str | None = None
    button: str | None = None
    stop: bool = False


class Stage(StrEnum):
    """The canonical state of a lead behind each desk's own status names."""

    NEW = "new"
    WORKING = "working"
    BOOKED = "booked"
    WON = "won"
    LOST = "lost"
    INVALID = "invalid"
    INCUBATOR = "incubator"


class OrderStatus(StrEnum):
    """The state of an order; each source's own words map to it."""

    NEW = "new"
    UNCONFIRMED = "unconfirmed"
    IN_WORK = "in_work"
    AWAITING_PAYMENT = "awaiting_payment"
    PART_PAID = "part_paid"
    PAID = "paid"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"
    REFUND_REQUESTED = "refund_requested"
    FALSE = "false"
    CONFIRMED = "confirmed"  # S0.6, S1.7
    REFUSED = "refused"  # S0.10, S1.7
    INVALID = "invalid"  # S1.7, S1.9
    DONE = "done"  # S0.10, S3.12
    CANCELLED_BY_PARTNER = "cancelled_by_partner"  # S0.15
    RESERVED = "reserved"  # S3.2, S3.12
    AWAITING_GOODS = "awaiting_goods"  # S3.2, S3.15
    REFUNDED = "refunded"  # S4.14


class Signal(StrEnum):
    """What intake recognised about a lead; the playbook decides what it does."""

    TEST_NUMBER = "test_number"  # S0.7
    FALSE_NUMBER = "false_number"  # S1.9
    SECOND_UNPAID_ORDER = "second_unpaid_order"  # S4.2
    OTHER_CONTACT = "other_contact"  # a delivery names another phone or address beside the known one
    DUPLICATE = "duplicate"  # S1.10: same phone, name and product
    OBSCENE_NAME = "obscene_name"  # S1.9
    DO_NOT_CALL = "do_not_call"  # P.14
    UNCERTAIN = "uncertain"  # something was not read for certain: the notes on the delivery say what


class ContactKind(StrEnum):
    """What a contact was. A missed call was not answered by us."""

    CALL_IN = "call_in"
    CALL_OUT = "call_out"
    MISSED = "missed"
    MESSAGE = "message"


class Purpose(StrEnum):
    """For what a customer is contacted; each can be withdrawn by itself (P.14)."""

    TRANSACTIONAL = "transactional"  # messages of their own affairs
    MARKETING = "marketing"  # advertisements
    CALLS = "calls"


class ZoneSource(StrEnum):
    """By what the zone of a customer is known; the desk's is that of the source by which they came (P.13)."""

    ADDRESS = "address"
    PHONE = "phone"
    DESK = "desk"


class Direction(StrEnum):
    """From the customer, or to them."""

    IN = "in"
    OUT = "out"


class MessageContent(StrEnum):
    """What a message is: words, a pressed button, a file, a place on the map, or what we cannot show."""

    TEXT = "text"
    BUTTON = "button"
    MEDIA = "media"
    LOCATION = "location"
    UNSUPPORTED = "unsupported"


class ChangeTarget(StrEnum):
    """What tasks may ask intake to change; intake alone writes it (docs/adr/0007)."""

    ORDER_STATUS = "order_status"
    ORDER_FIELDS = "order_fields"
    APPOINTMENT = "appointment"
    PINNED_COMMENT = "pinned_comment"
    PAYMENT = "payment"
    REFUND = "refund"
    DOCUMENT_LINK = "document_link"
    ACCESS = "access"
    PARTNER_CHARGE = "partner_charge"
    CUSTOMER_FIELDS = "customer_fields"


class AppointmentStep(StrEnum):
    """What happened to an appointment (S0.6, S0.9, S0.10); the last three end it."""

    PLANNED = "planned"
    MOVED = "moved"
    CANCELLED = "cancelled"
    KEPT = "kept"
    MISSED = "missed"


class AppointmentParty(StrEnum):
    """Who moved or cancelled an appointment (S0.15)."""

    CUSTOMER = "customer"
    PARTNER = "partner"
    DESK = "desk"


class PaymentKind(StrEnum):
    """Whether the source has said of a payment, or a person has entered it (S4.9)."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class PaymentStatus(StrEnum):
    """Whether a payment stands; only a manual one is ever deleted (S4.10)."""

    RECEIVED = "received"
    DELETED = "deleted"


class RefundState(StrEnum):
    """How far a refund is (S4.14); `kept`, `refused` and `paid` end it. `kept`: the customer has stayed."""

    ASKED = "asked"
    KEPT = "kept"
    DETAILS_WANTED = "details_wanted"
    DETAILS_GIVEN = "details_given"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    PAID = "paid"


class AccessAction(StrEnum):
    """What is done to the access to what was bought (S4.14, S4.20)."""

    CLOSE = "close"
    RESET = "reset"  # the password, which is sent again


class AccessStatus(StrEnum):
    """Whether it is still to be done where the platform keeps it."""

    REQUESTED = "requested"
    DONE = "done"


class CallsGoTo(StrEnum):
    """Who takes the calls of a partner's customers (S0.4)."""

    OPERATOR = "operator"
    PARTNER = "partner"


class CallingHours(Part):
    """Working hours of one weekday (ISO 1–7), local `HH:MM`."""

    weekday: int
    opens: str
    closes: str


class MessageProgress(StrEnum):
    """The progress of a message; each step is published at most once."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Presence(StrEnum):
    """Whether an operator can be given work now."""

    CHECKED_OUT = "checked_out"
    CHECKED_IN = "checked_in"
    PAUSED = "paused"


class TakenWork(StrEnum):
    """What becomes of the tasks that an operator has taken when they leave."""

    KEEP = "keep"
    RELEASE = "release"


class SubjectKind(StrEnum):
    """What a process is about; with an id it is the key of its events, such as `lead:0190…`."""

    LEAD = "lead"
    CUSTOMER = "customer"
    PARTNER = "partner"
    STAFF = "staff"


class Mode(StrEnum):
    """How work reaches operators: assignment proposes (push), operators take (pull), or both."""

    PUSH = "push"
    PULL = "pull"
    MIXED = "mixed"
