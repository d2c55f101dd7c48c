"""Who read whose personal data is in a log of which no row is changed."""

import asyncpg
import pytest

from libs.common.platform.audit.sweep import LEAST_DAYS, sweep
from tests.intake.api import Api, lead_of, order

pytestmark = [pytest.mark.req("P.7")]
LOG = "SELECT operation, caller, role, scope, desks, whose FROM audit ORDER BY id"
OLD = """
INSERT INTO audit (at, desks, caller, role, scope, operation, shown, whose)
SELECT now() - make_interval(days => days), '{demo}', 'ann', 'admin', 'desks', 'get_lead', 1, '{}'
FROM unnest($1::int[]) AS days
"""


async def a_lead(api: Api) -> str:
    return str(lead_of(await api.deliver(await api.source(), order())))


async def test_a_read_is_logged_with_who_whose_and_the_right(api: Api) -> None:
    lead_id = await a_lead(api)
    await api.hire()
    lead = (await api.call("GET", f"/leads/{lead_id}", role="operator", desks=["demo"])).json()
    (row,) = await api.ctx.core.db.pool.fetch(LOG)
    whose = [f"customer:{lead['customer_id']}", f"lead:{lead_id}"]
    assert tuple(row.values()) == ("get_lead", "ann", "operator", "work", ["demo"], whose)


async def test_a_list_is_one_row_that_names_all_in_it(api: Api) -> None:
    url = await api.source()
    leads = {str(lead_of(await api.deliver(url, order(f"lp-{n}", f"8916123450{n}")))) for n in range(3)}
    await api.call("GET", "/leads")
    (row,) = await api.ctx.core.db.pool.fetch(LOG)
    assert {name for name in row["whose"] if name.startswith("lead:")} == {f"lead:{one}" for one in leads}


async def test_what_shows_no_person_is_not_logged(api: Api) -> None:
    await a_lead(api)
    await api.call("GET", "/leads", desks=["other"])
    await api.call("GET", "/sources")
    assert await api.count("audit") == 0


async def test_an_administrator_finds_who_read_a_customer_and_is_logged_for_it(api: Api) -> None:
    lead_id = await a_lead(api)
    lead = (await api.call("GET", f"/leads/{lead_id}")).json()
    path = f"/audit?customer_id={lead['customer_id']}&by=ann&desk=demo"
    found = (await api.call("GET", path)).json()["items"]
    again = (await api.call("GET", "/audit", role="admin")).json()["items"]
    assert [one["operation"] for one in found] == ["get_lead"]
    assert [one["operation"] for one in again] == ["list_intake_audit", "get_lead"]


@pytest.mark.req("U23")
async def test_the_log_is_for_administrators_of_the_desks(api: Api) -> None:
    await api.call("GET", f"/leads/{await a_lead(api)}")
    mine, theirs = [(await api.call("GET", "/audit", desks=[desk])).json()["items"] for desk in ("demo", "other")]
    refused = await api.call("GET", "/audit", role="supervisor", desks=["demo"])
    assert (len(mine), theirs, refused.status_code) == (1, [], 403)


async def test_pages_of_the_log_go_on_where_they_ended(api: Api) -> None:
    await api.ctx.core.db.pool.execute(OLD, [1, 2, 3])
    first = (await api.call("GET", "/audit?limit=2")).json()
    second = (await api.call("GET", f"/audit?limit=2&cursor={first['next_cursor']}")).json()
    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]


@pytest.mark.parametrize("change", ["UPDATE audit SET caller = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_no_row_is_changed_or_taken_away(api: Api, change: str) -> None:
    await api.ctx.core.db.pool.execute(OLD, [LEAST_DAYS - 1])
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
        await api.ctx.core.db.pool.execute(change)


async def test_old_rows_are_swept(api: Api) -> None:
    await api.ctx.core.db.pool.execute(OLD, [1, 364, 366, 400])
    await sweep(api.ctx.core.db, 365)
    assert await api.count("audit") == 2


async def test_without_a_row_in_the_log_no_data_leave(api: Api) -> None:
    lead_id = await a_lead(api)
    await api.ctx.core.db.pool.execute("ALTER TABLE audit RENAME TO away")
    answer = await api.call("GET", f"/leads/{lead_id}")
    assert (answer.is_server_error, "Анна" in answer.text) == (True, False)
