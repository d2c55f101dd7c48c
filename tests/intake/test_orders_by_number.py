"""One order that comes by its number and by its id is one order, whichever names it first (S4.1)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from deploy.standins.getcourse.standin import DEMO_KEY
from libs.common.connect.poll.store import Leased
from libs.common.contracts.intake import LeadReceivedV2, OrderChanged
from libs.common.contracts.shared import ChangeTarget
from libs.common.platform.ids import uuid7
from services.intake.deliveries.batch import Acceptance, store_first_order, store_named
from services.intake.deliveries.convert import Delivery, DeliveryRow, parse_delivery
from services.intake.formats.rules import RawRequest
from services.intake.schools.store import KIND
from services.intake.schools.worker import Checks, Found
from services.intake.sources.cache import source_of
from tests.intake.api import Api, new_source, order_in
from tests.intake.test_accept_races import blocked
from tests.intake.test_changes import asked

pytestmark = [pytest.mark.req("S4.1")]
ID, NUMBER, BOTH = "id=903", "number=5001", "id=903&number=5001"
ORDERS = "SELECT external_number, status FROM sales_order ORDER BY order_number"
ANNA = "phone=79130000001&email=anna@example.org"


async def known(api: Api) -> tuple[int, list[tuple[str, str]]]:
    """Return how many leads there are, and the changes of orders that were published."""
    changes = [(each.external_id, each.to_status.value) for each in await api.said(OrderChanged)]
    return await api.count("lead"), changes


@pytest.mark.parametrize(
    ("first", "then", "named"), [(NUMBER, BOTH, "5001"), (BOTH, NUMBER, "903"), (NUMBER, NUMBER, "5001")]
)
async def test_an_order_stays_known_by_what_named_it_first(api: Api, first: str, then: str, named: str) -> None:
    url = await api.source("getcourse")
    for said, status in ((first, "new"), (then, "payed"), (first, "payed")):
        await api.send("GET", f"{url}?{said}&status={status}&{ANNA}")
    assert await known(api) == (1, [(named, "paid")])


@pytest.mark.parametrize("calls", [(NUMBER, BOTH, ID), (ID, BOTH, NUMBER), (NUMBER, BOTH, ID, NUMBER)])
async def test_what_a_call_with_both_names_said_is_remembered(api: Api, calls: Sequence[str]) -> None:
    url = await api.source("getcourse")
    for said in calls:
        await api.send("GET", f"{url}?{said}&status=new&{ANNA}")
    await api.send("GET", f"{url}?{calls[-1]}&status=payed&{ANNA}")
    named = "5001" if calls[0] == NUMBER else "903"
    numbered = [(named, "new")] * (calls[0] == ID)
    assert await known(api) == (1, [*numbered, (named, "paid")])


@pytest.mark.parametrize(("first", "then"), [(NUMBER, ID), (ID, NUMBER)])
async def test_what_a_list_of_the_school_names_is_remembered_also_when_it_says_nothing_new(
    api: Api, first: str, then: str
) -> None:
    (check, listed), db = await school(api), api.ctx.core.db
    await api.ctx.acceptance.accept(await row_of(api, f"{first}&status=payed"))
    async with db.begin() as tx:
        await Checks(api.ctx).apply(tx, check, [listed])
        await tx.commit()
    await api.ctx.acceptance.accept(await row_of(api, then))
    assert await api.count("sales_order") == 1


async def test_a_call_by_the_id_waits_for_the_one_that_says_whose_id_it_is(api: Api) -> None:
    await api.source("getcourse")
    db = api.ctx.core.db
    await api.ctx.acceptance.accept(await row_of(api, NUMBER))
    row = await row_of(api, BOTH)
    async with db.begin() as tx:
        await store_named(tx.conn, [row])
        other = asyncio.create_task(api.ctx.acceptance.accept(await row_of(api, ID)))
        await blocked(db)
        await tx.commit()
    await other
    assert await api.count("sales_order") == 1


async def test_an_id_that_is_the_number_of_another_is_no_name_of_it(api: Api) -> None:
    url = await api.source("getcourse")
    for said in ("id=5001&number=4000", BOTH, "id=4000&number=3000"):
        await api.send("GET", f"{url}?{said}&status=payed&{ANNA}")
    found = [order_in(event).external_id for event in await api.said(LeadReceivedV2)]
    assert found == ["5001", "903", "4000"]


@pytest.mark.parametrize("calls", [("id=5001&number=4000", NUMBER), (NUMBER, "id=5001&number=4000")])
async def test_a_number_that_is_the_id_of_another_changes_its_own_order(api: Api, calls: tuple[str, str]) -> None:
    url = await api.source("getcourse")
    for said, status in [*((each, "new") for each in calls), (calls[1], "payed"), ("id=8&number=7", "new")]:
        await api.send("GET", f"{url}?{said}&status={status}&{ANNA}")
    found = await api.ctx.core.db.pool.fetch(ORDERS)
    numbers = ["4000", "5001"] if calls[1] == NUMBER else ["5001", "4000"]
    assert [tuple(row) for row in found] == [(numbers[0], "new"), (numbers[1], "paid"), ("7", "new")]


async def test_the_second_name_of_an_order_by_a_number_that_is_an_id_is_its_own(api: Api) -> None:
    url = await api.source("getcourse")
    for said, status in (("id=5001&number=4000", "new"), (NUMBER, "new"), (BOTH, "payed"), (NUMBER, "cancelled")):
        await api.send("GET", f"{url}?{said}&status={status}&{ANNA}")
    changes = [each.to_status.value for each in await api.said(OrderChanged) if each.external_id != "5001"]
    assert (await api.count("lead"), len(changes)) == (2, 2)


async def test_an_order_whose_number_people_have_changed_stays_known_by_it(api: Api) -> None:
    url = await api.source("getcourse")
    await api.send("GET", f"{url}?{NUMBER}&{ANNA}")
    order_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM sales_order")
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, order_id, 1, values={"external_number": "A-7"}))
    await api.send("GET", f"{url}?{NUMBER}&status=payed&{ANNA}")
    assert [tuple(row) for row in await api.ctx.core.db.pool.fetch(ORDERS)] == [("A-7", "paid")]


@pytest.mark.parametrize("values", [{"remarks": "звонить после шести"}, {"external_number": "4001"}])
async def test_what_people_change_of_an_order_gives_it_no_number_but_its_own(
    api: Api, values: dict[str, str]
) -> None:
    url = await api.source("getcourse")
    await api.send("GET", f"{url}?id=5001&number=4000&status=new&{ANNA}")
    order_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM sales_order")
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, order_id, 1, values=values))
    await api.send("GET", f"{url}?{NUMBER}&status=payed&{ANNA}")
    found = await api.ctx.core.db.pool.fetch(ORDERS)
    number = values.get("external_number", "4000")
    assert [tuple(row) for row in found] == [(number, "new"), ("5001", "paid")]


@pytest.mark.parametrize("person", [ANNA, "phone=79130000002"])
async def test_an_order_whose_number_people_have_changed_is_the_one_of_which_a_call_names_the_id(
    api: Api, person: str
) -> None:
    url = await api.source("getcourse")
    await api.send("GET", f"{url}?{NUMBER}&{ANNA}")
    order_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM sales_order")
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, order_id, 1, values={"external_number": "A-7"}))
    for said, status in ((BOTH, "new"), (ID, "payed")):
        await api.send("GET", f"{url}?{said}&status={status}&{person}")
    assert [tuple(row) for row in await api.ctx.core.db.pool.fetch(ORDERS)] == [("A-7", "paid")]


async def test_a_number_that_is_said_later_is_a_change_unless_people_have_taken_it_away(api: Api) -> None:
    url = await api.source("getcourse")
    for said in (ID, BOTH):
        await api.send("GET", f"{url}?{said}&status=new&{ANNA}")
    [said_now] = await api.said(OrderChanged)
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, said_now.order_id, 2, values={"external_number": ""}))
    await api.send("GET", f"{url}?{BOTH}&status=new&{ANNA}")
    assert ("external_number" in said_now.filled, said_now.version, await api.count("history")) == (True, 2, 3)
    assert [tuple(row) for row in await api.ctx.core.db.pool.fetch(ORDERS)] == [(None, "new")]


async def test_an_id_alone_is_not_the_number_of_another_once_its_order_is_known(api: Api) -> None:
    url = await api.source("getcourse")
    for said, status in (("number=903", "new"), (BOTH, "new"), (ID, "payed")):
        await api.send("GET", f"{url}?{said}&status={status}&{ANNA}")
    found = await api.ctx.core.db.pool.fetch(ORDERS)
    assert [tuple(row) for row in found] == [("903", "new"), ("5001", "paid")]


@pytest.mark.req("P.7")
async def test_the_number_of_an_order_whose_customer_is_erased_leads_to_no_one(api: Api) -> None:
    url = await api.source("getcourse")
    await api.send("GET", f"{url}?{BOTH}&{ANNA}")
    customer_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM customer")
    await api.ok("POST", f"/customers/{customer_id}/erasure", {"reason": "request"})
    await api.send("GET", f"{url}?{NUMBER}&status=payed&{ANNA}")
    assert (await api.said(OrderChanged), await api.count("lead"), await api.count("customer")) == ([], 2, 2)


@pytest.mark.req("P.7")
@pytest.mark.parametrize("calls", [[NUMBER], [NUMBER, BOTH], ["number=903", BOTH], [BOTH]])
async def test_an_order_whose_number_people_have_changed_is_forgotten_by_all_its_names(
    api: Api, calls: Sequence[str]
) -> None:
    (check, listed), pool = await school(api), api.ctx.core.db.pool
    for said in calls:
        await api.ctx.acceptance.accept(await row_of(api, f"{said}&status=payed"))
    for order_id in await pool.fetch("SELECT id FROM sales_order"):
        await api.hear(asked(ChangeTarget.ORDER_FIELDS, order_id["id"], None, values={"external_number": "A-7"}))
    customer_id = await pool.fetchval("SELECT id FROM customer")
    await api.ok("POST", f"/customers/{customer_id}/erasure", {"reason": "request"})
    async with api.ctx.core.db.begin() as tx:
        await Checks(api.ctx).apply(tx, check, [listed])
        await tx.commit()
    assert await api.count("customer") == 1


async def test_the_check_knows_an_order_apart_whose_id_is_the_number_of_another(api: Api) -> None:
    (check, listed), db = await school(api), api.ctx.core.db
    await api.ctx.acceptance.accept(await row_of(api, "number=903"))
    for _ in range(2):
        async with db.begin() as tx:
            await Checks(api.ctx).apply(tx, check, [listed])
            await tx.commit()
    found = await db.pool.fetch(ORDERS)
    assert [tuple(row) for row in found] == [("903", "new"), ("5001", "paid")]


async def test_a_number_is_of_its_own_source(api: Api) -> None:
    for code, said in (("first", NUMBER), ("second", BOTH)):
        view = await api.ok("POST", "/sources", {**new_source("getcourse"), "code": code})
        await api.send("GET", f"{view['hook']}?{said}&{ANNA}")
    assert await api.count("sales_order") == 2


@pytest.mark.parametrize(("first", "then"), [(NUMBER, BOTH), (BOTH, NUMBER)])
async def test_two_connections_with_one_order_store_one(api: Api, first: str, then: str) -> None:
    await api.source("getcourse")
    db = api.ctx.core.db
    rows = [await row_of(api, said) for said in (first, then)]
    async with db.begin() as tx:
        [stored] = await store_named(tx.conn, rows[:1])
        other = asyncio.create_task(Acceptance(db).accept(rows[1]))
        await blocked(db)
        await tx.commit()
    assert stored is not None
    assert ((await other).order_id, await api.count("sales_order")) == (stored.order_id, 1)


async def school(api: Api) -> tuple[Leased, Found]:
    """Make a source whose school is checked, and return its check with a list of the order of both names."""
    view = await api.ok("POST", "/sources", new_source("getcourse"))
    await api.ok("PUT", f"/sources/{view['id']}/school", {"account": "acme", "api_key": DEMO_KEY})
    row = {"deal_id": "903", "number": "5001", "status": "payed", "email": "anna@example.org"}
    listed = Found([row], api.clock.now() + timedelta(minutes=1))
    return Leased(str(view["id"]), "demo", KIND, {}, 0, None, uuid7()), listed


async def test_a_call_waits_for_the_check_that_stores_its_order(api: Api) -> None:
    (check, listed), db = await school(api), api.ctx.core.db
    async with db.begin() as tx:
        await Checks(api.ctx).apply(tx, check, [listed])
        call = asyncio.create_task(api.ctx.acceptance.accept(await row_of(api, NUMBER)))
        await blocked(db)
        await tx.commit()
    await call
    assert [await api.count(table) for table in ("sales_order", "lead")] == [1, 1]


async def test_no_call_waits_for_a_check_to_which_its_order_is_no_news(api: Api) -> None:
    (check, listed), db = await school(api), api.ctx.core.db
    for said in (NUMBER, BOTH):
        await api.ctx.acceptance.accept(await row_of(api, f"{said}&status=payed"))
    async with db.begin() as tx:
        await Checks(api.ctx).apply(tx, check, [listed])
        stored = await api.ctx.acceptance.accept(await row_of(api, f"{ID}&status=payed"))
    assert stored.disposition == "repeat"


async def test_a_call_by_the_id_waits_for_the_check_that_says_whose_id_it_is(api: Api) -> None:
    (check, listed), db = await school(api), api.ctx.core.db
    await api.ctx.acceptance.accept(await row_of(api, f"{NUMBER}&status=payed"))
    async with db.begin() as tx:
        await Checks(api.ctx).apply(tx, check, [listed])
        call = asyncio.create_task(api.ctx.acceptance.accept(await row_of(api, ID)))
        await blocked(db)
        await tx.commit()
    await call
    assert await api.count("sales_order") == 1


async def test_the_check_waits_for_no_order_of_which_a_list_says_its_id_alone(api: Api) -> None:
    (check, listed), db = await school(api), api.ctx.core.db
    await api.ctx.acceptance.accept(await row_of(api, f"{NUMBER}&status=payed"))
    async with db.begin() as person:
        await person.conn.execute("SELECT FROM sales_order FOR UPDATE")
        async with db.begin() as tx:
            await Checks(api.ctx).apply(tx, check, [listed])
            await tx.commit()
    async with db.begin() as tx:
        await Checks(api.ctx).apply(tx, check, [listed])
        await tx.commit()
    await api.ctx.acceptance.accept(await row_of(api, ID))
    assert await api.count("sales_order") == 1


async def test_the_check_waits_for_the_call_that_stores_its_order(api: Api) -> None:
    (check, listed), db = await school(api), api.ctx.core.db
    row = await row_of(api, NUMBER)
    async with db.begin() as tx, db.begin() as other:
        await store_named(tx.conn, [row])
        checking = asyncio.create_task(Checks(api.ctx).apply(other, check, [listed]))
        await blocked(db)
        await tx.commit()
        await checking
        await other.commit()
    assert [await api.count(table) for table in ("sales_order", "lead")] == [1, 1]


async def test_a_new_order_of_a_new_person_is_one_statement(api: Api) -> None:
    await api.source("getcourse")
    row, asked = await row_of(api, BOTH), list[str]()
    async with api.ctx.core.db.by_key.acquire() as conn:
        conn.add_query_logger(lambda said: asked.append(said.query))
    stored = await api.ctx.acceptance.accept(row)
    assert (stored.disposition, len(asked)) == ("accepted", 1)


@pytest.mark.parametrize(("first", "then"), [(NUMBER, BOTH), (BOTH, NUMBER)])
async def test_of_two_lean_statements_the_second_sees_what_the_first_stored(
    api: Api, first: str, then: str
) -> None:
    await api.source("getcourse")
    db = api.ctx.core.db
    async with db.begin() as tx:
        assert await store_first_order(tx.conn, await row_of(api, first)) is not None
        other = await row_of(api, then, "phone=79130000002&email=boris@example.org")
        waiting = asyncio.create_task(store_first_order(db.pool, other))
        await blocked(db)
        await tx.commit()
    assert (await waiting, await api.count("sales_order")) == (None, 1)


async def row_of(api: Api, said: str, person: str = ANNA) -> DeliveryRow:
    """Return a call of the one source as it is stored."""
    source = await api.ctx.core.db.pool.fetchrow("SELECT * FROM source")
    assert source is not None
    now, raw = api.ctx.core.clock.now(), RawRequest("GET", f"{said}&{person}".encode(), {}, b"")
    parsed = parse_delivery(Delivery(uuid7(), source_of(source), now, raw, None), now)
    assert isinstance(parsed, DeliveryRow)
    return parsed
