"""A supervisor's board: the open tasks of each pool, also of one that does not exist (U5)."""

from datetime import timedelta

import pytest

from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, pool, proposal
from tests.tasks.support import TINY


async def board(api: Api, **params: str) -> dict[str, Json]:
    found = await api.call("GET", "/pools", sub="chief", role="supervisor", params=params)
    return {each["code"]: each for each in found.json()["items"]}


@pytest.mark.req("U5", "S1.1")
async def test_what_waits_in_a_pool_that_does_not_exist_is_in_sight(desk: Desk, api: Api) -> None:
    await desk.receive(pool("callback"))
    await desk.activate_playbook(TINY.replace("pool: main", "pool: mian"))
    for playbook in ("callback", "tiny", "tiny"):
        await desk.lead(playbook)
    shown = {code: (each["known"], each["open"], each["waiting"]) for code, each in (await board(api)).items()}
    assert shown == {"callback": (True, 1, 1), "mian": (False, 2, 2)}


@pytest.mark.req("S2.6")
async def test_a_board_counts_what_is_overdue_and_what_is_held(desk: Desk, api: Api) -> None:
    held, _ = [await desk.lead("callback") for _ in range(2)]
    await desk.receive(proposal((await api.task(held))["id"], held))
    since = (await board(api))["callback"]["oldest_at"]
    await desk.pass_time(timedelta(days=1))
    late = (await board(api))["callback"]
    assert (since, late["open"], late["waiting"], late["overdue"]) == (late["oldest_at"], 2, 1, 2)


@pytest.mark.req("U12", "P.6")
async def test_a_board_is_of_the_desks_of_the_token_and_not_for_operators(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    foreign = await api.call("GET", "/pools", role="supervisor", desks=("cars",), params={"desk": "demo"})
    refused = await api.call("GET", "/pools")
    assert (foreign.json()["items"], await board(api, desk="cars"), refused.status_code) == ([], {}, 403)


async def test_a_board_comes_page_by_page(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(TINY)
    for playbook in ("callback", "tiny"):
        await desk.lead(playbook)
    first = (await api.call("GET", "/pools", role="admin", params={"limit": "1"})).json()
    rest = (await api.call("GET", "/pools", role="admin", params={"cursor": first["next_cursor"]})).json()
    assert [each["code"] for each in first["items"] + rest["items"]] == ["callback", "main"]
