"""The language of playbooks: the condition of a rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    AppointmentParty,
    AppointmentStep,
    ChangeTarget,
    ContactKind,
    Direction,
    IdentityKind,
    Language,
    PaymentKind,
    PaymentStatus,
    RefundState,
)
from services.tasks.playbooks.limits import Ends, Limit
from services.tasks.playbooks.source import Log, Node
from services.tasks.playbooks.terms import ADDRESSEE, WINDOW, Addressee, DurationRange, NumberRange
from services.tasks.playbooks.values import (
    CODE,
    JSON,
    Declared,
    Flag,
    Kind,
    choices,
    keyed,
    listed,
    refs,
    word_of,
    wrong,
)


def _sources(node: Node, log: Log) -> tuple[object, ...]:
    return tuple(CODE.read(item, log) for item in listed(node, log))


def _open_codes(said: str) -> Kind:
    """Return the kind of codes that no playbook declares."""
    several: JSON = {"anyOf": [CODE.schema, {"type": "array", "items": CODE.schema}]}
    return Kind(_sources, {**several, "description": f"the code of a {said}, or a list of them"})


SOURCES, PRODUCTS = _open_codes("source"), _open_codes("product")


def _phrases(node: Node, log: Log) -> tuple[object, ...]:
    return tuple(_phrase(item) for item in listed(node, log))


def _phrase(node: Node) -> str:
    word = word_of(node)
    if not any(character.isalnum() for character in word):
        wrong("no_words", f"{str(word)!r} has no word that could be said")
    return str(word)


_TEXT = {"type": "string"}
PHRASES = Kind(
    _phrases,
    {
        "anyOf": [_TEXT, {"type": "array", "items": _TEXT}],
        "description": "words as they are said, or a list of them",
    },
)


class PartnerPart(StrEnum):
    """What a partner's card may have."""

    ADDRESS = "address"
    SITE = "site"
    OPERATOR = "operator"
    CONSULTANT = "consultant"


REFUSED = "what was asked for, such as `appointment`"
WAYS = "`phone`, `email`, `whatsapp` and the other kinds of identities"
CARD = "`address`, `site`, `operator` or `consultant`"


def _people(node: Node, log: Log) -> tuple[object, ...]:
    return tuple(ADDRESSEE.read(item, log) for item in listed(node, log))


PEOPLE = Kind(
    _people,
    {
        "anyOf": [ADDRESSEE.schema, {"type": "array", "items": ADDRESSEE.schema}],
        "description": "`owner`, `actor`, `consultant`, or a field that names a person, or a list of them",
    },
)


@dataclass(frozen=True, slots=True)
class Condition(Declared):
    """The condition of a rule: every field that is set must match one of its values.

    `signal`: what intake recognised. `open`: a task of the type is open. `type`: that of the task in hand.
    `message`: the one that the trigger speaks of. `received_between`: the time of day of the lead's arrival in the
    desk's zone, from the first end to before the second, over midnight too; `now_between` alike, of now. `age`: of
    the lead, from the first end to before the second. `open_hours`: the desk is open now. `problem`: what the
    outcome in hand names. `attempts`: how many were counted by a policy, both ends included. `filled`, `empty`:
    fields of outcomes that are, or are not, known. `chosen`: fields whose value is one of these. `stand_in`: the
    task in hand is worked for an operator who was absent, or has lent it, and has not left for good.
    `appointment`: what became of the lead's last; `by` and `warned`: who moved or cancelled it, and whether they
    said so beforehand. `contact`: what the contact that was recorded is; `direction`: `in` from the customer, `out`
    to them; both also of an answer that failed. `source`: where that contact came from, else the lead. `product`:
    the order has one of them. `language`: that of the subject.

    `over`, `under`, `between` compare numbers, sums, dates and moments that are known: fields of outcomes, answers
    to scales such as `survey.speed`, counters, `order_amount`, `received` and `appointment`. Over is more than the
    limit and under is less; between includes both ends. Sums count in their own currency. A time is compared by its
    day in the desk's zone, or with a duration by how long it is ahead of now. What is not known is neither over,
    under nor between.

    `on_shift`: one of these people is on shift; `off_shift`: one of them is not. Of no person neither holds.
    `partner_has`: the lead's partner has all of these; `partner_lacks`: none of them, or the lead has no partner.
    `refused`: what intake did not change.
    `customer_has`: the customer can be reached by all of these; `customer_lacks`: by none of them. A number that
    cannot be one is no phone.

    `button`: what the sender of a message pressed; `words`: what the message says somewhere, word by word. Case
    does not matter, and ё is е. `stop`: the message is one of its channel's stop words and no more.

    `payment` and `payment_is`: the kind of the lead's last payment, and whether it was received or deleted.
    `doubled`: a manual and an automatic payment stand that exceed what the order costs. `fully_paid`: the payments
    that stand cover it. `refund`: how far the lead's last refund is. `access` and `access_is`: what was last asked
    to be done to the access to what was bought, and whether it is done.
    """

    signals: Annotated[tuple[str, ...], refs("signal"), Field(alias="signal")] = ()
    order_status: Annotated[tuple[str, ...], refs("order_status")] = ()
    status: Annotated[tuple[str, ...], refs("status")] = ()
    open: Annotated[tuple[str, ...], refs("task_type")] = ()
    types: Annotated[tuple[str, ...], refs("task_type"), Field(alias="type")] = ()
    purposes: Annotated[tuple[str, ...], refs("message"), Field(alias="message")] = ()
    owned: Flag | None = None
    stand_in: Flag | None = None
    received_between: Annotated[tuple[time, time], WINDOW] | None = None
    now_between: Annotated[tuple[time, time], WINDOW] | None = None
    open_hours: Flag | None = None
    age: DurationRange | None = None
    problem: Annotated[tuple[str, ...], refs("problem")] = ()
    attempts: Annotated[Mapping[str, NumberRange], keyed("attempts")] = field(default_factory=dict)
    filled: Annotated[tuple[str, ...], refs("field")] = ()
    empty: Annotated[tuple[str, ...], refs("field")] = ()
    chosen: Annotated[Mapping[str, Annotated[tuple[str, ...], refs("choice")]], keyed("field")] = field(
        default_factory=dict
    )
    appointment: Annotated[frozenset[AppointmentStep], choices(AppointmentStep, "what became of it")] = frozenset()
    by: Annotated[frozenset[AppointmentParty], choices(AppointmentParty, "who did it")] = frozenset()
    warned: Flag | None = None
    contact: Annotated[frozenset[ContactKind], choices(ContactKind, "a kind of contact")] = frozenset()
    direction: Annotated[frozenset[Direction], choices(Direction, "from the customer or to them")] = frozenset()
    source: Annotated[tuple[str, ...], SOURCES] = ()
    product: Annotated[tuple[str, ...], PRODUCTS] = ()
    language: Annotated[frozenset[Language], choices(Language, "a language")] = frozenset()
    over: Annotated[Mapping[str, Limit], keyed("measure")] = field(default_factory=dict)
    under: Annotated[Mapping[str, Limit], keyed("measure")] = field(default_factory=dict)
    between: Annotated[Mapping[str, Ends], keyed("measure")] = field(default_factory=dict)
    on_shift: Annotated[tuple[Addressee | str, ...], PEOPLE] = ()
    off_shift: Annotated[tuple[Addressee | str, ...], PEOPLE] = ()
    partner_has: Annotated[frozenset[PartnerPart], choices(PartnerPart, CARD)] = frozenset()
    partner_lacks: Annotated[frozenset[PartnerPart], choices(PartnerPart, "what the card lacks")] = frozenset()
    refused: Annotated[
        frozenset[ChangeTarget], choices(ChangeTarget, "what was asked for, such as `appointment`")
    ] = frozenset()
    customer_has: Annotated[frozenset[IdentityKind], choices(IdentityKind, WAYS)] = frozenset()
    customer_lacks: Annotated[frozenset[IdentityKind], choices(IdentityKind, "what they lack")] = frozenset()
    button: Annotated[tuple[str, ...], PHRASES] = ()
    words: Annotated[tuple[str, ...], PHRASES] = ()
    stop: Flag | None = None
    payment: Annotated[frozenset[PaymentKind], choices(PaymentKind, "how it came on record")] = frozenset()
    payment_is: Annotated[frozenset[PaymentStatus], choices(PaymentStatus, "whether it stands")] = frozenset()
    doubled: Flag | None = None
    fully_paid: Flag | None = None
    refund: Annotated[frozenset[RefundState], choices(RefundState, "how far it is")] = frozenset()
    access: Annotated[frozenset[AccessAction], choices(AccessAction, "what is done to it")] = frozenset()
    access_is: Annotated[frozenset[AccessStatus], choices(AccessStatus, "whether it is done")] = frozenset()

    @property
    def compares(self) -> bool:
        """Whether anything is compared with a limit."""
        return bool(self.over or self.under or self.between)
