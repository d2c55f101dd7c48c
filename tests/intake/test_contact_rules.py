"""Who turned to us, without a database."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import ContactKind, Direction, IdentityKind
from services.intake.contacts.rules import Known, Said, direction_of, opens_lead, owner_of, read_person
from tests.intake.api import NOW

KNOWN = st.tuples(st.sampled_from(IdentityKind), st.text(min_size=1, max_size=20))


def said(direction: Direction = Direction.IN, **members: object) -> Said:
    return Said(ContactKind.MESSAGE, direction, NOW, **members)  # type: ignore[arg-type] # the members are Said's own


@pytest.mark.parametrize(
    ("kind", "given_", "meant"),
    [
        (ContactKind.MISSED, None, Direction.IN),
        (ContactKind.CALL_IN, Direction.IN, Direction.IN),
        (ContactKind.CALL_OUT, None, Direction.OUT),
        (ContactKind.CALL_OUT, Direction.IN, None),
        (ContactKind.MESSAGE, Direction.OUT, Direction.OUT),
        (ContactKind.MESSAGE, None, None),
    ],
)
def test_the_direction_is_that_of_the_kind(
    kind: ContactKind, given_: Direction | None, meant: Direction | None
) -> None:
    assert direction_of(kind, given_) is meant


def test_identities_are_read_as_they_are_stored_and_stand_in_the_order_of_their_locks() -> None:
    person = read_person(
        said(phone="8 916 123-45-67", email="a@b.ru", identities=((IdentityKind.TELEGRAM, "7"),)), "RU", ()
    )
    assert person.known_by == (
        (IdentityKind.EMAIL, "a@b.ru"),
        (IdentityKind.PHONE, "+79161234567"),
        (IdentityKind.TELEGRAM, "7"),
    )
    assert person.others == ((IdentityKind.TELEGRAM, "7"),)


@pytest.mark.parametrize("number", ["100", "+7 000 000-00-00"])
def test_a_number_of_no_person_identifies_no_customer_and_is_kept_as_typed(number: str) -> None:
    person = read_person(said(phone=number), "RU", ())
    assert (person.known_by, person.phone and person.phone.raw) == ((), number)


def test_the_phone_names_the_customer_before_any_other_identity() -> None:
    one, other, new = UUID(int=1), UUID(int=2), UUID(int=3)
    found: dict[Known, UUID] = {
        (IdentityKind.EMAIL, "a@b.ru"): one, (IdentityKind.PHONE, "+79161234567"): other,
        (IdentityKind.MAX, "7"): new,
    }  # fmt: skip
    assert owner_of(found, new) == other


def test_of_identities_that_are_all_new_the_customer_is_new() -> None:
    assert owner_of({(IdentityKind.MAX, "7"): UUID(int=3)}, UUID(int=3)) == UUID(int=3)


@pytest.mark.parametrize(
    ("direction", "phone", "opens"),
    [(Direction.IN, "89161234567", True), (Direction.OUT, "89161234567", False), (Direction.IN, None, False)],
)
def test_a_lead_is_opened_for_known_people_who_turned_to_us(
    direction: Direction, phone: str | None, opens: bool
) -> None:
    contact = said(direction, phone=phone)
    assert opens_lead(contact, read_person(contact, "RU", ())) is opens


@given(st.lists(KNOWN, max_size=6), st.none() | st.text(max_size=20), st.sampled_from(["RU", "DE", "US"]))
def test_any_contact_has_a_person_whose_identities_stand_once_and_sorted(
    identities: list[Known], phone: str | None, region: str
) -> None:
    person = read_person(said(phone=phone, identities=tuple(identities)), region, ("972",))
    assert list(person.known_by) == sorted(set(person.known_by))
