"""A tried source: what a request does, said without doing it, or done as a test that is of no person."""

import pytest

from libs.common.contracts.intake import LeadReceivedV2
from services.intake.formats.registry import FORMATS
from services.intake.formats.rules import RawRequest
from tests.intake.api import Api, new_source, order
from tests.intake.formats.suite import samples
from tests.intake.payloads import raw_of
from tests.intake.test_doctor import listed

Json = dict[str, object]
TABLES = ("delivery", "lead", "customer", "sales_order", "outbox", "stream", "contact")
SAMPLES = [name for code in FORMATS if code != "mango" for name in samples(code) if not raw_of(name).query]
IDS = ("lead_id", "customer_id", "id", "number", "order_id", "order_number", "earlier_lead_id")


async def path(api: Api) -> str:
    source_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM source ORDER BY id DESC LIMIT 1")
    return f"/intake/v1/sources/{source_id}/test-lead"


async def tried(api: Api, body: object = None, raw: RawRequest | None = None, query: str = "?dry_run") -> Json:
    """Try the newest source with a body, a raw request or its own example."""
    headers = {**token(api), **({"content-type": raw.content_type} if raw else {})}
    content = raw.body if raw else None
    answer = await api.send("POST", await path(api) + query, content=content, body=body, headers=headers)
    assert answer.status_code == 200, answer.text
    document: Json = answer.json()
    return document


async def made(api: Api, code: str, **config: object) -> str:
    """Make a source of a format; return the path of its webhook."""
    own = {"api_key": "k"} if code == "mango" else {"auth": "none"}
    members = {name: value for name, value in new_source("landing").items() if name not in {"format", "auth"}}
    secret = {"secret": "x" * 20} if code == "mango" else {}
    view = await api.ok("POST", "/sources", {**members, **secret, "config": {"format": code, **own, **config}})
    return str(view["hook"])


def token(api: Api) -> dict[str, str]:
    return {"authorization": f"Bearer {api.issuer.token('ann', ['admin'], ['demo'])}"}


async def rows(api: Api) -> dict[str, int]:
    return {table: await api.count(table) for table in TABLES}


def nameless(value: object) -> object:
    """Return a document without the names of what is not kept."""
    if isinstance(value, dict):
        return {name: nameless(inner) for name, inner in value.items() if name not in IDS}
    return [nameless(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.req("U4")
@pytest.mark.parametrize("name", SAMPLES)
async def test_a_rehearsal_says_what_the_delivery_does(api: Api, name: str) -> None:
    raw = raw_of(name)
    url = await made(api, name.partition("/")[0])
    said = await tried(api, raw=raw)
    await api.send("POST", url, content=raw.body, headers={"content-type": raw.content_type})
    done = await api.ctx.core.db.pool.fetchrow("SELECT disposition, reason, notes FROM delivery")
    events = [event.model_dump(mode="json") for event in await api.said(LeadReceivedV2)]
    assert done is not None
    assert {name: said[name] for name in ("disposition", "reason", "notes")} == dict(done)
    assert nameless(said["lead"]) == nameless(events[0] if events else None)


@pytest.mark.parametrize("given", [order(), {"name": "Anna"}, [1], {**order(), "orders": [order("1"), order("2")]}])
async def test_a_rehearsal_keeps_nothing(api: Api, given: object) -> None:
    await api.source()
    before = await rows(api)
    await tried(api, given)
    assert await rows(api) == before


async def test_a_repeat_and_a_known_customer_are_seen(api: Api) -> None:
    lead = (await api.deliver(await api.source(), order("1")))["lead_id"]
    again, other = await tried(api, order("1")), await tried(api, order("2"))
    assert (again["disposition"], again["lead_id"], again["lead"]) == ("repeat", lead, None)
    assert other["customer_id"] == await api.ctx.core.db.pool.fetchval("SELECT customer_id::text FROM lead")


async def test_each_value_says_where_it_was_found(api: Api) -> None:
    await made(api, "landing", field_map={"phone": "line.number"})
    said = await tried(api, {"fio": "Анна", "line": {"number": "8 916 123-45-67"}, "amount": "1 990"})
    [understood] = listed(said, "understood")
    assert understood["places"] == {"name": "fio", "phone": "line.number", "amount": "amount"}


async def test_what_is_not_understood_has_its_mend(api: Api) -> None:
    await api.source()
    said = await tried(api, {"client_line": "8 916 123-45-67"})
    assert (said["disposition"], said["reason"]) == ("quarantined", "no_contact")
    assert "client_line" in str(listed(said, "mends")[0]["patch"])


@pytest.mark.parametrize("code", [code for code in FORMATS if code != "mango"])
@pytest.mark.parametrize("field_map", [{}, {"phone": "Ваш телефон", "name": ["Как вас зовут"]}])
async def test_without_a_body_the_example_of_the_format_is_tried(api: Api, code: str, field_map: Json) -> None:
    await made(api, code, field_map=field_map)
    said = await tried(api)
    [understood] = listed(said, "understood")
    assert (said["disposition"], said["notes"], understood["phone"]) == ("accepted", [], "+79000000001")


async def test_the_example_of_an_exchange_is_a_missed_call(api: Api) -> None:
    await made(api, "mango")
    said = await tried(api)
    contact = said["contact"]
    assert isinstance(contact, dict)
    assert (said["disposition"], contact["kind"]) == ("accepted", "missed")


async def test_a_test_runs_through_the_product_and_is_of_no_person(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order("1"))
    said = await tried(api, order("1", total="5"), query="")
    *_, lead = await api.said(LeadReceivedV2)
    assert (said["disposition"], said["dry_run"], said["lead_id"]) == ("test", False, str(lead.lead_id))
    assert (lead.signals, lead.person.phone, lead.person.email) == (("test_number",), None, None)


async def test_a_test_changes_no_order_and_counts_as_a_test(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order("1", total="1990"))
    for _ in range(2):
        await tried(api, order("1", total="5"), query="?dry_run=false")
    known = await api.ctx.core.db.pool.fetch("SELECT disposition FROM delivery ORDER BY id")
    amount = await api.ctx.core.db.pool.fetchval("SELECT amount::text FROM sales_order WHERE external_id = '1'")
    assert ([row["disposition"] for row in known], amount) == (["accepted", "test", "test"], "1990.00")


async def test_a_test_of_a_call_keeps_the_delivery_alone(api: Api) -> None:
    await made(api, "mango")
    said = await tried(api, query="")
    assert (said["disposition"], await api.count("contact"), await api.count("lead")) == ("noted", 0, 0)


async def test_a_request_beyond_the_limit_of_the_source_is_refused(api: Api) -> None:
    await api.source(body_limit=100)
    answer = await api.send("POST", await path(api), body=order(name="А" * 200), headers=token(api))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_only_an_administrator_of_the_desk_tries_a_source(api: Api) -> None:
    await api.source()
    where = (await path(api)).removeprefix("/intake/v1")
    supervisor = await api.call("POST", where, role="supervisor", desks=["demo"])
    elsewhere = await api.call("POST", where, desks=["other"])
    assert (supervisor.status_code, elsewhere.status_code) == (403, 404)
