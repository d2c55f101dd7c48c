"""What is shown masked is no value: sent back, it is refused by its place and overwrites nothing (P.7)."""

from collections.abc import Mapping

import pytest
from pydantic import BaseModel, ValidationError

from libs.common.contracts.shared import IdentityKind
from libs.common.platform.http.faults import validation_problem
from libs.common.platform.http.language import Language
from services.intake.calls.schemas import CallIn
from services.intake.changes.rules import Asked, Problem, read_change
from services.intake.consents.schemas import BlackListIn
from services.intake.contacts.schemas import ContactIn
from services.intake.customers.schemas import IdentityChange, NewIdentity
from services.intake.partners.schemas import PersonIn
from services.intake.placements.schemas import OrderIn
from services.intake.refunds.schemas import RefundDetails

pytestmark = pytest.mark.req("P.7")

PHONE, EMAIL, NUMBER = "+7***1201", "a***@example.org", "***4242"
REFUND = {"full_name": "Анна", "phone": "8 900 123-12-01", "email": "anna@example.org", "payout": "4242 4242 4242"}
ORDER = {"desk": "demo", "source": "landing", "title": "Курс", "amount": "10.00"}
IDENTITY = {"kind": "telegram", "reason": "сказала"}
CONTACT = {"desk": "demo", "source": "landing", "kind": "call_in", "at": "2026-03-02T09:00:00Z"}


def faults(model: type[BaseModel], body: Mapping[str, object]) -> list[tuple[str, str]]:
    try:
        model.model_validate(body)
    except ValidationError as error:
        problem = validation_problem([{**each} for each in error.errors()], Language.RU, body)
        return [(fault.pointer, fault.code) for fault in problem.errors]
    return []


@pytest.mark.parametrize(
    ("model", "body", "hidden"),
    [
        (RefundDetails, REFUND, {"full_name": "А***", "phone": PHONE, "email": EMAIL, "payout": NUMBER}),
        (OrderIn, ORDER, {"name": "А***", "phone": PHONE, "email": EMAIL}),
        (PersonIn, {}, {"name": "А***", "phone": PHONE, "email": EMAIL}),
        (CallIn, {"desk": "demo", "source": "exchange"}, {"phone": PHONE}),
        (ContactIn, CONTACT, {"email": EMAIL}),
        (NewIdentity, IDENTITY, {"value": "a***"}),
        (NewIdentity, {**IDENTITY, "kind": "email"}, {"value": EMAIL}),
        (IdentityChange, IDENTITY, {"value": "a***"}),
        (BlackListIn, {**IDENTITY, "desk": "demo"}, {"value": "a***"}),
    ],
)
def test_a_masked_value_is_refused_where_it_stands(
    model: type[BaseModel], body: dict[str, object], hidden: dict[str, object]
) -> None:
    whole = {"name": "Анна", "full_name": "Анна", "phone": "+79001231201", "email": "anna@example.org"}
    assert faults(model, {**body, **{name: whole.get(name, "anna@example.org") for name in hidden}}) == []
    assert faults(model, {**body, **hidden}) == [(f"/{name}", "hidden_value") for name in hidden]


def test_an_identity_in_a_list_is_refused_by_its_place() -> None:
    body = {"identities": [{"kind": "max", "value": "1234567890"}, {"kind": "telegram", "value": "@a***"}]}
    places = [("/identities/1/value", "hidden_value")]
    assert [faults(PersonIn, body), faults(ContactIn, {**CONTACT, **body})] == [places, places]


@pytest.mark.parametrize("phone", ["12", "+79001201", "0000000000"])
def test_payout_details_take_no_number_that_cannot_be_called(phone: str) -> None:
    assert faults(RefundDetails, {**REFUND, "phone": phone}) == [("/phone", "value_error")]


@pytest.mark.parametrize(("language", "says"), [(Language.RU, "скрытого значения"), (Language.EN, "hidden value")])
def test_who_sends_a_masked_value_reads_what_to_send(language: Language, says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PersonIn.model_validate({"email": EMAIL})
    (fault,) = validation_problem([{**each} for each in refused.value.errors()], language).errors
    assert says in str(fault.detail)


def test_a_change_of_a_customer_takes_no_masked_address() -> None:
    asked = Asked(None, PHONE, EMAIL, ((IdentityKind.TELEGRAM, "@a***"),))
    found = read_change(asked, {})
    assert isinstance(found, tuple)
    assert {(each.field, each.code) for each in found if isinstance(each, Problem)} == {
        ("phone", "false_number"), ("email", "hidden_value"), ("identities", "hidden_value"),
    }  # fmt: skip
