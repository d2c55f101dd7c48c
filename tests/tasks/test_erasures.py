"""What tasks keeps of a customer is given out to administrators of the desk, and comments go with age."""

from datetime import timedelta

import pytest
from asyncpg import Record

from libs.common.contracts.erasures import CustomerErased, Forgotten
from libs.common.platform.erasure.retention import Keeper
from libs.common.platform.ids import uuid7
from services.tasks.erasures.actions import eraser
from services.tasks.erasures.places import AGED
from tests.support.patience import eventually
from tests.tasks.client import Api
from tests.tasks.desk import Desk, lead_v2

LEFT = """
SELECT person ->> 'phone' AS phone, (SELECT count(*) FROM task WHERE state = 'active') AS live,
       (SELECT count(*) FROM timeline_entry WHERE facts <> '{}') AS facts
FROM process
"""
pytestmark = pytest.mark.req("P.7")


async def test_an_export_has_the_customers_processes_tasks_and_steps_and_is_logged(desk: Desk, api: Api) -> None:
    lead = lead_v2("callback")
    await desk.receive(lead)
    answer = await api.call("GET", f"/customers/{lead.customer_id}/export", role="admin")
    tables = {each["table"]: each["rows"] for each in answer.json()}
    assert (tables["process"][0]["person"]["phone"], len(tables["task"])) == (lead.person.phone, 1)
    assert await desk.ctx.db.pool.fetchval("SELECT whose FROM audit") == [f"customer:{lead.customer_id}"]


async def test_an_administrator_of_another_desk_gets_no_export(desk: Desk, api: Api) -> None:
    lead = lead_v2("callback")
    await desk.receive(lead)
    path = f"/customers/{lead.customer_id}/export"
    assert (await api.call("GET", path, role="admin", desks=("other",))).status_code == 404


async def test_an_order_that_an_erasure_did_not_know_of_is_erased_with_its_customer(desk: Desk) -> None:
    lead = lead_v2("callback")
    await desk.receive(lead)
    erased = CustomerErased(
        erasure_id=uuid7(), customer_id=lead.customer_id, customer_ids=(lead.customer_id,), lead_ids=(),
        person=Forgotten(),
    )  # fmt: skip
    await desk.receive(erased)

    async def look() -> list[Record]:
        await desk.ctx.db.pool.execute("DELETE FROM outbox")
        await eraser(desk.ctx).round()
        return await desk.ctx.db.pool.fetch(LEFT)

    [row] = await eventually(look, lambda rows: not rows[0]["phone"])
    assert (row["live"], row["facts"]) == (0, 0)


async def test_comments_of_ended_tasks_go_after_the_days_of_the_desk(desk: Desk, api: Api) -> None:
    await desk.lead("callback")  # is never ended
    task = await api.task(await desk.lead("callback"))
    taken = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    await api.outcome(taken, "booked", call_made=True)
    days = {"comments": 30}
    await api.call("PUT", "/retention", role="admin", params={"desk": "demo"}, json=days)
    await Keeper(desk.ctx.core, AGED).round()
    kept = (await api.call("GET", f"/tasks/{task['id']}", role="admin")).json()["comment"]
    desk.clock.advance(timedelta(days=31))
    await Keeper(desk.ctx.core, AGED).round()
    gone = (await api.call("GET", f"/tasks/{task['id']}", role="admin")).json()["comment"]
    assert (kept, gone) == ("поговорили", "—")
