"""Dice of the stories about what a process asks of intake, and what it hears of appointments and partners."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    AppointmentParty,
    AppointmentStep,
    ChangeTarget,
    PaymentKind,
    PaymentStatus,
    RefundState,
)
from services.tasks.engine.events import (
    AccessChanged,
    AppointmentChanged,
    ChangeRefused,
    Event,
    PartnerChanged,
    PaymentRecorded,
    RefundChanged,
)
from services.tasks.engine.facts import Access, Appointment, Customer, Paid, Partner, Refund
from services.tasks.engine.state import State
from services.tasks.playbooks.model import Outcome
from services.tasks.playbooks.terms import Title

PARTNER = Partner(UUID(int=6), Title("Салон", "Salon"), "en", "Asia/Omsk", Customer("Салон", "+79990000009"))
FIELDS = {
    "visit_at": {"type": "moment", "optional": True},
    "remarks": {"type": "text", "optional": True},
    "act": {"type": "document", "optional": True},
}
FILLED: Mapping[str, Callable[[datetime], object]] = {
    "visit_at": lambda now: (now + timedelta(days=1)).isoformat(),
    "remarks": lambda _: "с торца",
    "act": lambda now: {"title": "Акт", "url": f"https://example.com/{now:%H%M}"},
}
#: Steps that may stand anywhere.
ANYWHERE: list[object] = [
    {"withdraw": "hello"},
    {"move": ["first", "second"]},
    {"count": "calls"},
    {"document": "act"},
    *[{"wake": ["first", "second"]}] * 4,
]
#: Steps that ask for a change; they stand in outcomes: in a rule they could ask for ever.
OF_CUSTOMERS: list[object] = [{"customer": {"name": "remarks"}}]
OF_LEADS: list[object] = [
    {"order": {"status": "confirmed", "remarks": "remarks"}},
    {"pin": "remarks"},
    {"appointment": {"at": "visit_at", "by": "customer"}},
    {"appointment": "kept"},
    *[{"charge": "client"}] * 3,
    {"appointment": {"is": "cancelled", "by": "partner", "warned": False}},
    {"payment": {"is": "received", "type": "remarks"}},
    {"payment": "deleted"},
    {"refund": {"is": "kept", "by": "remarks"}},
    {"access": "reset"},
    {"hold": "visit_at"},
]
WHENS: list[dict[str, object]] = [
    {"when": {"owned": True}},
    {"when": {"stand_in": True}},
    {"when": {"over": {"calls": 2}}},
    {"when": {"payment": "manual", "doubled": True}},
    {"when": {"refund": ["asked", "kept"], "access_is": "done"}},
]
OF_MONEY = ["payment_recorded", "refund_changed", "access_changed", "price_held"]
TRIGGERS = ["appointment_changed", "change_refused", *OF_MONEY]


def kept(subject: str) -> dict[str, object]:
    """What the process counts, and in a lead's playbook charges."""
    words = {"ru": "Слова", "en": "Words"}
    return {
        "counters": {"calls": words},
        **({"charges": {"client": {"title": words}}} if subject == "lead" else {}),
    }


def counted(subject: str) -> list[object]:
    """Steps by which all that is declared is reached."""
    return [{"count": "calls"}, *([{"charge": "client"}] if subject == "lead" else [])]


def arrival(subject: str) -> list[object]:
    """Steps of which one at least asks for a change, and plans an appointment where one may be."""
    return [*OF_CUSTOMERS, {"appointment": {"at": "visit_at"}}] if subject == "lead" else OF_CUSTOMERS


def asking(subject: str) -> list[object]:
    return [*OF_CUSTOMERS, *OF_LEADS] if subject == "lead" else OF_CUSTOMERS


def dues(subject: str) -> list[object]:
    """When a task may be due."""
    due: object = {"from": "appointment", "after": "1h"}
    return ["0m", "15m", "3d", due] if subject == "lead" else ["0m", "15m", "3d"]


def message(dice: Random, subject: str) -> dict[str, object]:
    """A message, in a lead's playbook sometimes to the partner or the owner."""
    to = {"to": dice.choice(["customer", "partner", "owner"])} if subject == "lead" else {}
    return {"template": "hello", "once": dice.choice([True, False]), **to}


def partner(dice: Random) -> Partner | None:
    """A partner who can be written to, or not, or none."""
    return dice.choice([None, PARTNER, replace(PARTNER, person=Customer("Салон"))])


def filled(outcome: Outcome, now: datetime) -> dict[str, object]:
    """Return what is filled in; at some hours nothing is remarked, whatever was remarked before."""
    silent = {"remarks"} if now.hour % 4 == 0 else set[str]()
    return {name: value(now) for name, value in FILLED.items() if name in outcome.fields and name not in silent}


def reports(dice: Random, state: State, now: datetime) -> list[Event]:
    """What intake may say at any time; an appointment is sometimes older than what is known."""
    known = state.facts.appointment
    version = 1 if known is None else known.version + dice.choice([-1, 1, 1, 1])
    at = now + dice.choice([timedelta(days=2), timedelta(hours=5)])
    step, by = dice.choice(list(AppointmentStep)), dice.choice(list(AppointmentParty))
    paid = Paid(dice.choice(list(PaymentKind)), dice.choice(list(PaymentStatus)), dice.random() < 0.5, True)
    return [
        AppointmentChanged(Appointment(UUID(int=8), version, step, at, by, dice.random() < 0.5)),
        ChangeRefused(dice.choice(list(ChangeTarget))),
        PaymentRecorded(paid),
        RefundChanged(Refund(dice.choice(list(RefundState)), at.date())),
        AccessChanged(Access(dice.choice(list(AccessAction)), dice.choice(list(AccessStatus)))),
        PartnerChanged(Customer("Салон"), "en", "Asia/Omsk"),
    ]
