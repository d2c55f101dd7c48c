"""Checks of what a playbook asks of intake, keeps and says to partners: it is there, and of a type that fits."""

from collections.abc import Iterator

from libs.common.contracts.shared import SubjectKind
from services.tasks.playbooks.asks import COMMENT, AskAppointment, AskCustomer, AskOrder, Pin
from services.tasks.playbooks.dealings import AskAccess, AskPayment, AskRefund, HoldPrice
from services.tasks.playbooks.faults import Finding
from services.tasks.playbooks.fields import FieldType
from services.tasks.playbooks.keeps import Charge, LinkDocument
from services.tasks.playbooks.messages import Addressee
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Addressee as Assignee
from services.tasks.playbooks.terms import Trigger
from services.tasks.playbooks.verbs import Defer, Open, Step
from services.tasks.playbooks.walk import all_steps, rule_steps, walk

_LEAD, _CUSTOMER, _PARTNER = SubjectKind.LEAD, SubjectKind.CUSTOMER, SubjectKind.PARTNER


def asked_faults(playbook: Playbook) -> Iterator[Finding]:
    """Yield every fault of what a playbook asks of intake and says to partners."""
    for path, steps in all_steps(playbook):
        for step in walk(steps):
            yield from _wrong_types(playbook, path, step)
            yield from _wrong_subject(playbook, path, step)
            yield from _no_comment(path, step)
    for trigger, rules in playbook.triggers.items():
        if any(_asks_forever(trigger, step) for step in walk(rule_steps(rules))):
            detail = f"what on.{trigger} asks for is answered by {trigger} again, without end"
            yield Finding(f"/on/{trigger}", "asks_forever", detail)
    for message in playbook.messages.values():
        of_partner = message.to in (Addressee.PARTNER, Addressee.CONSULTANT)
        if of_partner and playbook.subject not in (_LEAD, _PARTNER):
            detail = f"a {playbook.subject} has no partner to write to"
            yield Finding(f"/messages/{message.code}", "wrong_subject", detail)


def _wrong_types(playbook: Playbook, path: str, step: Step) -> Iterator[Finding]:
    for key, name, types in _fields(step):
        spec = playbook.field(name)
        if spec is not None and spec.type not in types:
            detail = f"{name!r} is a {spec.type}: {key!r} takes a {' or '.join(types)}"
            yield Finding(path, "wrong_type", detail)


def _fields(step: Step) -> Iterator[tuple[str, str, tuple[FieldType, ...]]]:
    """Yield each field that a step asks with: its key, its name, and the types that fit."""
    named: list[tuple[str, str | None, tuple[FieldType, ...]]] = []
    match step:
        case AskOrder(remarks=remarks, amount=amount):
            named = [("remarks", remarks, (FieldType.TEXT,)), ("amount", amount, (FieldType.MONEY,))]
        case AskCustomer(name=name, phone=phone, email=email):
            named = [
                ("name", name, (FieldType.TEXT,)),
                ("phone", phone, (FieldType.PHONE,)),
                ("email", email, (FieldType.TEXT,)),
            ]
        case Pin(text=text) if text != COMMENT:
            named = [("pin", text, (FieldType.TEXT,))]
        case AskAppointment(at=at):
            named = [("at", at, (FieldType.MOMENT,))]
        case Charge(amount=amount):
            named = [("amount", amount, (FieldType.MONEY,))]
        case LinkDocument(field=field):
            named = [("document", field, (FieldType.DOCUMENT,))]
        case AskPayment(type=kind, amount=amount):
            named = [("type", kind, (FieldType.TEXT, FieldType.CHOICE)), ("amount", amount, (FieldType.MONEY,))]
        case AskRefund(by=by):
            named = [("by", by, (FieldType.TEXT, FieldType.CHOICE))]
        case HoldPrice(until=until):
            named = [("until", until, (FieldType.MOMENT,))]
        case _:
            pass
    yield from ((key, name, types) for key, name, types in named if name is not None)


def _wrong_subject(playbook: Playbook, path: str, step: Step) -> Iterator[Finding]:
    """Yield steps that ask for what no process of this subject has."""
    match step:
        case AskOrder() | AskAppointment() | Pin() if playbook.subject is not _LEAD:
            yield Finding(path, "wrong_subject", "orders, appointments and pinned comments belong to leads")
        case AskPayment() | AskRefund() | AskAccess() | HoldPrice() if playbook.subject is not _LEAD:
            yield Finding(path, "wrong_subject", "payments, refunds, access and held prices belong to leads")
        case Charge() if playbook.subject not in (_LEAD, _PARTNER):
            yield Finding(path, "wrong_subject", f"a {playbook.subject} has no partner to charge")
        case Charge(charge=code, amount=str()) if playbook.charges[code].currency is None:
            yield Finding(path, "no_currency", f"in which currency? {code!r} of charges has none")
        case Open() | Defer() if step.addressee is Assignee.CONSULTANT and playbook.subject not in (
            _LEAD,
            _PARTNER,
        ):
            yield Finding(path, "wrong_subject", f"a {playbook.subject} has no partner, and so no consultant")
        case AskCustomer() if playbook.subject not in (_LEAD, _CUSTOMER):
            yield Finding(path, "wrong_subject", f"a {playbook.subject} has no customer")
        case _:
            pass


def _no_comment(path: str, step: Step) -> Iterator[Finding]:
    """Yield steps that pin the comment of an outcome where no outcome is in hand."""
    in_hand = path.startswith("/attempts/") or "/outcomes/" in path
    if isinstance(step, Pin) and step.text == COMMENT and not in_hand:
        yield Finding(path, "no_comment", "'pin: comment' belongs to an outcome: here no comment is in hand")


def _asks_forever(trigger: Trigger, step: Step) -> bool:
    """Return whether the answer to a step is the very event in whose rule it stands."""
    match trigger, step:
        case Trigger.CHANGE_REFUSED, AskOrder() | AskCustomer() | Pin() | AskAppointment():
            return True
        case Trigger.CHANGE_REFUSED, AskPayment() | AskRefund() | AskAccess() | HoldPrice():
            return True
        case (
            (Trigger.PAYMENT_RECORDED, AskPayment())
            | (Trigger.REFUND_CHANGED, AskRefund())
            | (Trigger.ACCESS_CHANGED, AskAccess())
            | (Trigger.PRICE_HELD, HoldPrice())
        ):
            return True
        case Trigger.ORDER_CHANGED, AskOrder(remarks=remarks, amount=amount):
            return remarks is not None or amount is not None
        case Trigger.CUSTOMER_CHANGED, AskCustomer():
            return True
        case Trigger.LEAD_UPDATED, Pin():
            return True
        case Trigger.APPOINTMENT_CHANGED, AskAppointment(at=at):
            return at is not None
        case _:
            return False
