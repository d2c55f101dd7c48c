"""A customer who is known by a messenger alone is asked for their phone, and called when it comes (P.13)."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated
from libs.common.contracts.shared import Customer, Identity, IdentityKind, Language, Signal
from libs.common.contracts.tasks import MessageRequested
from services.tasks.engine.conditions import Context, holds
from services.tasks.engine.facts import Customer as Person
from services.tasks.playbooks.conditions import Condition
from tests.tasks.client import Api
from tests.tasks.desk import Desk, lead_v2
from tests.tasks.support import CALLBACK, blank, facts

PLAYBOOK = Path(__file__).with_name("asks_for_the_phone.yaml").read_text(encoding="utf-8")
ACCOUNT = Identity(kind=IdentityKind.BSUID, value="RU.1000")


@pytest_asyncio.fixture
async def born(desk: Desk) -> LeadReceivedV2:
    """A lead of who hides their number in WhatsApp."""
    await desk.activate_playbook(PLAYBOOK)
    data = lead_v2("messenger", person=Customer(name="Анна", identities=(ACCOUNT,)), zone_source="desk")
    await desk.receive(data)
    return data


def updated(lead_id: UUID, phone: str | None, *identities: Identity, whole: bool = False) -> LeadUpdated:
    person = Customer(name="Анна", phone=phone, identities=identities)
    return LeadUpdated(
        lead_id=lead_id, person=person, all_identities=whole, language=Language.RU, zone="Europe/Moscow"
    )


async def open_types(api: Api, lead_id: UUID) -> list[str]:
    params = {"lead_id": str(lead_id), "state": "active"}
    found = await api.call("GET", "/tasks", role="admin", params=params)
    return [task["type"] for task in found.json()["items"]]


@pytest.mark.req("P.13")
async def test_who_has_no_phone_is_asked_for_it_by_their_messenger(
    desk: Desk, api: Api, born: LeadReceivedV2
) -> None:
    [asked] = await desk.sent(MessageRequested)
    assert (asked.template, asked.person.identities, asked.zone_source) == ("ask_phone", (ACCOUNT,), "desk")
    assert await open_types(api, born.lead_id) == ["find_phone"]


@pytest.mark.req("P.13")
async def test_the_call_opens_when_the_phone_comes(desk: Desk, api: Api, born: LeadReceivedV2) -> None:
    for phone in (None, "+79035550101", "+79035550101"):
        await desk.receive(updated(born.lead_id, phone))
    assert await open_types(api, born.lead_id) == ["call"]


@pytest.mark.req("P.13")
@pytest.mark.parametrize(("whole", "kept"), [(False, (ACCOUNT,)), (True, ())])
async def test_identities_that_an_update_leaves_out_stay_unless_it_has_all(
    desk: Desk, born: LeadReceivedV2, whole: bool, kept: tuple[Identity, ...]
) -> None:
    await desk.receive(updated(born.lead_id, "+79035550101", whole=whole))
    query = "SELECT facts -> 'identities' FROM process WHERE lead_id = $1"
    stored = await desk.ctx.db.pool.fetchval(query, born.lead_id)
    assert [tuple(pair) for pair in stored] == [(each.kind.value, each.value) for each in kept]


@pytest.mark.req("P.13", "S1.9")
@pytest.mark.parametrize(
    ("person", "signals", "has"),
    [
        (Person(), (), frozenset()),
        (Person(phone="+79035550101"), (), {IdentityKind.PHONE}),
        (Person(phone="+70000000000"), (Signal.FALSE_NUMBER.value,), frozenset()),
        (Person(email="a@b.ru", identities=(("max", "7"),)), (), {IdentityKind.EMAIL, IdentityKind.MAX}),
    ],
)
@pytest.mark.parametrize("asked", [IdentityKind.PHONE, IdentityKind.EMAIL, IdentityKind.MAX])
def test_what_the_customer_has_and_lacks_is_by_what_they_can_be_reached(
    person: Person, signals: tuple[str, ...], has: frozenset[IdentityKind], asked: IdentityKind
) -> None:
    context = Context(blank(CALLBACK, replace(facts(*signals), customer=person)), None)
    found = holds(Condition(customer_has=frozenset({asked})), context)
    lacks = holds(Condition(customer_lacks=frozenset({asked})), context)
    assert (found, lacks) == (asked in has, asked not in has)
