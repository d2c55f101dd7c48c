"""What a process counts, charges and links, and when there is nothing to charge or to link (S0.15, S3.18)."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from services.tasks.engine.effects import Effect, Noticed, Record
from services.tasks.engine.facts import Document
from services.tasks.engine.keeping import keep
from services.tasks.engine.kept import AddDocument, Count, RaiseCharge
from services.tasks.engine.run import Run
from services.tasks.engine.state import State
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.keeps import Charge, ChargeSpec, CountUp, LinkDocument
from services.tasks.playbooks.terms import Title
from tests.tasks.support import CALLBACK, START, blank, facts

PARTNER_ID = UUID(int=77)
WORDS = Title("Клиент", "Client")
FIXED = ChargeSpec("client", WORDS, Decimal(500), "RUB")
OPEN = ChargeSpec("client", WORDS)
BOOK = replace(CALLBACK, counters={"calls": WORDS}, charges={"client": FIXED})
ACT = {"title": "Акт", "url": "https://example.com/1"}


def state_of(fields: Mapping[str, FieldValue], partner_id: UUID | None = PARTNER_ID) -> State:
    state = blank(BOOK, replace(facts(), partner_id=partner_id))
    state.fields = fields
    return state


def done(state: State, *steps: CountUp | Charge | LinkDocument, spec: ChargeSpec = FIXED) -> list[Effect]:
    run = Run(state, replace(BOOK, charges={"client": spec}), START, rule="here", actor="anna")
    for step in steps:
        keep(run, step)
    return run.effects


def test_a_counter_goes_on_from_where_it_is() -> None:
    assert done(state_of({}), CountUp("calls"), CountUp("calls", 3)) == [
        Count("here", "calls", WORDS, 1),
        Count("here", "calls", WORDS, 4),
    ]


@pytest.mark.parametrize(
    ("spec", "step", "amount", "currency"),
    [
        (FIXED, Charge("client"), Decimal(500), "RUB"),
        (FIXED, Charge("client", "fee"), Decimal("99.90"), "RUB"),
        (OPEN, Charge("client"), None, None),
    ],
)
def test_a_charge_has_its_own_sum_or_that_of_a_field_or_none(
    spec: ChargeSpec, step: Charge, amount: Decimal | None, currency: str | None
) -> None:
    raised = RaiseCharge("here", spec, PARTNER_ID, amount, currency, "anna")
    assert done(state_of({"fee": "99.90"}), step, spec=spec) == [raised]


@pytest.mark.parametrize(
    ("partner_id", "step", "why"),
    [(None, Charge("client"), "партнёра нет"), (PARTNER_ID, Charge("client", "tip"), "сумма не указана")],
)
def test_without_a_partner_or_the_sum_that_is_asked_for_nothing_is_charged(
    partner_id: UUID | None, step: Charge, why: str
) -> None:
    (remark,) = done(state_of({}, partner_id), step)
    assert isinstance(remark, Record)
    assert (remark.code, remark.text and remark.text.ru) == (Noticed.NOTHING_TO_CHARGE, why)


def test_a_charge_is_raised_once() -> None:
    first, again = done(state_of({}), Charge("client"), Charge("client"))
    assert (type(first), again) == (RaiseCharge, Record("here", Noticed.CHARGED_ALREADY, WORDS))


def test_a_document_is_linked_once_and_not_at_all_when_its_field_is_empty() -> None:
    linked = AddDocument("here", Document("Акт", "https://example.com/1"), "anna")
    assert done(state_of({"act": ACT}), *[LinkDocument("act")] * 2, LinkDocument("other")) == [linked]
