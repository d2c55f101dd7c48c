"""What a customer is known by: attached and detached with a history, and learned by their leads (P.13)."""

from uuid import UUID

import pytest
from httpx import Response

from libs.common.contracts.intake import CustomerChanged, LeadReceivedV2, LeadUpdated
from libs.common.contracts.shared import Identity, IdentityKind, Stage
from tests.intake.api import Api, order
from tests.intake.test_leads_api import wish
from tests.intake.test_messages import message

PHONE, SECOND = "+79161234567", "+79035550101"
TELEGRAM = Identity(kind=IdentityKind.TELEGRAM, value="55501")
MAX = Identity(kind=IdentityKind.MAX, value="7001")


async def customer_of(api: Api, phone: str = "8 916 123-45-67", **members: object) -> str:
    """Deliver an order and return its customer."""
    source = (await api.call("GET", "/sources")).json()["items"]
    url = source[0]["hook"] if source else await api.source(channel="main")
    lead_id = (await api.deliver(url, order(f"lp-{phone}", phone, **members)))["lead_id"]
    return str((await api.ok("GET", f"/leads/{lead_id}"))["customer_id"])


async def written(api: Api, *known_by: Identity, text: str = "Здравствуйте") -> UUID:
    """Let a stranger write, whose messages become leads, and return the lead that was opened last."""
    if not await api.count("source"):
        await api.source(channel="main")
    await api.hear(message(*known_by, name=None, text=text))
    return (await api.said(LeadReceivedV2))[-1].lead_id


async def post(
    api: Api, customer_id: object, kind: str, value: str, way: str = "", role: str = "supervisor"
) -> Response:
    body = {"kind": kind, "value": value, "reason": "назвал по телефону"}
    return await api.call("POST", f"/customers/{customer_id}/identities{way}", body, role=role, desks=["demo"])


def known_by(answer: Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(each["kind"], each["value"]) for each in answer.json()["identities"]]


@pytest.mark.req("P.13")
@pytest.mark.parametrize(
    ("kind", "given", "stored"),
    [
        ("phone", "8 (903) 555-01-01", [("phone", SECOND)]),
        ("whatsapp", "8 903 555 01 01", [("phone", SECOND), ("whatsapp", SECOND)]),
        ("email", "Anna@Example.RU ", [("email", "anna@example.ru")]),
        ("telegram", "55501", [("telegram", "55501")]),
        ("bsuid", "RU.1000", [("bsuid", "RU.1000")]),
        ("max", "7001", [("max", "7001")]),
        ("instagram", "anna.k", [("instagram", "anna.k")]),
    ],
)
async def test_an_identity_is_attached_as_it_is_stored(
    api: Api, kind: str, given: str, stored: list[tuple[str, str]]
) -> None:
    customer_id = await customer_of(api)
    assert known_by(await post(api, customer_id, kind, given)) == sorted([("phone", PHONE), *stored])


@pytest.mark.req("P.13", "P.3")
async def test_a_history_says_who_attached_and_detached_what_and_why(api: Api) -> None:
    customer_id = await customer_of(api)
    for way in ("", "", "/detach"):
        await post(api, customer_id, "phone", "8 903 555-01-01", way)
    lines = await api.ok("GET", f"/customers/{customer_id}/identities/history")
    items = lines["items"]
    assert isinstance(items, list)
    assert [(line["what"], line["value"], line["actor"], line["reason"]) for line in items] == [
        (step, SECOND, "ann", "назвал по телефону") for step in ("attached", "detached")
    ]


@pytest.mark.req("P.13", "P.3")
async def test_what_later_deliveries_show_has_lines_too(api: Api) -> None:
    customer_id = await customer_of(api)
    url = (await api.call("GET", "/sources")).json()["items"][0]["hook"]
    await api.deliver(url, order("another", email="a@b.ru"))
    await api.deliver(url, order("lp-8 916 123-45-67", email="c@d.ru"))
    lines = (await api.call("GET", f"/customers/{customer_id}/identities/history")).json()["items"]
    assert [(line["what"], line["value"], line["actor"]) for line in lines] == [
        ("attached", value, "source:landing") for value in ("a@b.ru", "c@d.ru")
    ]


@pytest.mark.req("P.13")
async def test_an_identity_of_another_customer_is_a_conflict_that_names_them(api: Api) -> None:
    one, other = await customer_of(api), await customer_of(api, "8 903 555-01-01")
    answer = await post(api, one, "phone", SECOND)
    document = answer.json()
    assert (answer.status_code, document["code"], document["mend"]) == (409, "identity_taken", "merge")
    assert document["customer_id"] == other


@pytest.mark.req("P.13", "P.6")
async def test_a_conflict_names_no_customer_whom_the_caller_may_not_see(api: Api) -> None:
    await api.hire()
    one = await customer_of(api)
    other = await written(api, Identity(kind=IdentityKind.PHONE, value=SECOND))
    stranger = UUID(int=9)
    await api.ctx.core.db.pool.execute("UPDATE lead SET owner_id = $1 WHERE id = $2", stranger, other)
    answer = await post(api, one, "phone", SECOND, role="operator")
    assert (answer.status_code, "customer_id" in answer.json()) == (409, False)


@pytest.mark.parametrize(("kind", "value"), [("phone", "+7100"), ("email", "anna"), ("external", "1")])
async def test_what_identifies_no_person_is_refused(api: Api, kind: str, value: str) -> None:
    assert (await post(api, await customer_of(api), kind, value)).status_code == 422


@pytest.mark.parametrize(("kind", "value"), [("phone", "8 903 555-01-01"), ("telegram", "1")])
async def test_what_is_not_theirs_cannot_be_detached(api: Api, kind: str, value: str) -> None:
    assert (await post(api, await customer_of(api), kind, value, "/detach")).status_code == 404


@pytest.mark.req("P.13")
async def test_each_change_is_published_with_all_identities(api: Api) -> None:
    customer_id = await customer_of(api)
    await post(api, customer_id, "telegram", "55501")
    await post(api, customer_id, "phone", SECOND)
    first, second = await api.said(CustomerChanged)
    assert (str(first.customer_id), first.version, second.version) == (customer_id, 2, 3)
    numbers = {second.person.phone, *(each.value for each in second.person.identities)}
    assert (first.person.identities, numbers) == ((TELEGRAM,), {PHONE, SECOND, "55501"})


@pytest.mark.req("P.13")
async def test_a_phone_that_comes_later_is_learned_by_the_leads_under_way(api: Api) -> None:
    lead_id = await written(api, TELEGRAM)
    await post(api, (await api.said(LeadReceivedV2))[0].customer_id, "phone", "8 903 555-01-01")
    [updated] = await api.said(LeadUpdated)
    assert (updated.lead_id, updated.person.phone, updated.person.identities) == (lead_id, SECOND, (TELEGRAM,))
    assert updated.all_identities
    lines = (await api.call("GET", f"/leads/{lead_id}/history")).json()["items"]
    assert [line["to_value"] for line in lines if line["what"] == "lead_person"] == ["phone"]


@pytest.mark.req("P.13")
async def test_a_lead_that_is_over_keeps_whom_it_was_about(api: Api) -> None:
    lead_id = await written(api, TELEGRAM)
    await api.hear(wish(lead_id, "lost", Stage.LOST))
    await post(api, (await api.said(LeadReceivedV2))[0].customer_id, "phone", SECOND)
    assert (await api.said(LeadUpdated), len(await api.said(CustomerChanged))) == ([], 1)


@pytest.mark.req("P.13")
async def test_a_lead_whose_number_is_detached_gets_the_next_one_then_none(api: Api) -> None:
    customer_id = await customer_of(api)
    await post(api, customer_id, "phone", SECOND)
    for number in (PHONE, SECOND):
        await post(api, customer_id, "phone", number, "/detach")
    assert [event.person.phone for event in await api.said(LeadUpdated)] == [PHONE, SECOND, None]


@pytest.mark.req("P.13", "S1.9")
async def test_a_number_that_can_be_called_takes_the_place_of_one_that_cannot(api: Api) -> None:
    customer_id = await customer_of(api, "8 916 000", email="a@b.ru")
    await post(api, customer_id, "phone", SECOND)
    [updated] = await api.said(LeadUpdated)
    assert (updated.person.phone, updated.signals) == (SECOND, ())


@pytest.mark.req("P.13")
async def test_what_a_customer_writes_of_their_number_is_their_phone(api: Api) -> None:
    lead_id = await written(api, TELEGRAM)
    await api.hear(message(TELEGRAM, name=None, text="Мой номер 8 (903) 555-01-01, звоните"))
    [updated] = await api.said(LeadUpdated)
    assert (updated.lead_id, updated.person.phone) == (lead_id, SECOND)


@pytest.mark.parametrize("text", ["8 903 555-01-01 или 8 903 555-01-02", "8 916 123-45-67", "завтра"])
async def test_a_number_of_another_and_several_become_no_phone(api: Api, text: str) -> None:
    await customer_of(api)
    for _ in range(2):
        await written(api, TELEGRAM, text=text)
    assert (await api.said(LeadReceivedV2))[-1].person.phone is None
    assert await api.said(LeadUpdated) == []


@pytest.mark.req("P.13")
async def test_a_new_lead_by_a_messenger_has_the_phone_that_is_known(api: Api) -> None:
    lead_id = await written(api, TELEGRAM)
    await post(api, (await api.said(LeadReceivedV2))[0].customer_id, "phone", SECOND)
    await api.hear(wish(lead_id, "won", Stage.WON))
    await written(api, TELEGRAM)
    born = (await api.said(LeadReceivedV2))[-1]
    assert (born.lead_id != lead_id, born.person.phone, born.person.identities) == (True, SECOND, (TELEGRAM,))


@pytest.mark.req("P.13")
async def test_another_account_that_a_message_shows_is_published(api: Api) -> None:
    await written(api, TELEGRAM)
    await api.hear(message(TELEGRAM, MAX, name=None))
    [changed] = await api.said(CustomerChanged)
    assert changed.person.identities == (MAX, TELEGRAM)
