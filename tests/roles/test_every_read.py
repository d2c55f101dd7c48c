"""Every operation that shows customers' data on what there is: a row of the audit log names them, and it masks."""

from collections import defaultdict

import pytest

from libs.common.platform.auth.principal import Role
from tests.roles.operations import OPERATIONS, Json, Operation
from tests.roles.world import DESK, World, dict_of, named
from tests.support.settle import settle

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400), pytest.mark.req("P.7")]


def service_of(operation: Operation) -> str:
    return operation.path.split("/")[1]


async def test_every_read_of_personal_data_is_in_the_log_of_its_service(world: World) -> None:
    reads = [one for one in OPERATIONS if one.said.get("x-audited") and one.method == "GET"]
    done: dict[str, set[str]] = defaultdict(set)
    for one in reads:
        answer = await world.call(one, "admin", sub="auditor", query=world.query(one))
        if answer.has_redirect_location or (answer.is_success and (not one.is_list or answer.json()["items"])):
            done[service_of(one)].add(one.name)
    logs = {service: await world.call(named(f"list_{service}_audit"), "admin") for service in done}
    found = {service: {row["operation"] for row in log.json()["items"] if row["caller"] == "auditor"}
             for service, log in logs.items()}  # fmt: skip
    assert (found, sum(map(len, done.values())) > 12) == (done, True)


async def reads_that_show(world: World, numbers: set[str], subject: str) -> set[str]:
    """Return the reads in which an operator finds one of these numbers whole."""
    reads = [one for one in OPERATIONS if one.method == "GET" and Role.OPERATOR in one.scopes]
    found = set()
    for one in reads:
        if "text/event-stream" not in one.said["responses"].get("200", {}).get("content", {}):
            answer = await world.call(one, Role.OPERATOR, sub=subject, desks=[DESK], query=world.query(one))
            found |= {one.name} if any(number in answer.text for number in numbers) else set()
    return found


async def mask(world: World, *, lists: bool) -> None:
    answer = await world.call(named("set_masking"), "admin", body={"lists": lists}, query=f"?desk={DESK}")
    assert answer.is_success, answer.text
    await settle(world.stack)


async def newcomer(world: World) -> str:
    """Return the `sub` of an operator of all pools who is not on shift, and has no lead and no task."""
    pools = (await world.call(named("list_pools"), "admin", desks=[DESK])).json()["items"]
    seats = [{"code": one["code"], "desk": DESK} for one in pools if one["active"]]
    body = {**dict_of(named("create_operator").body), "desk": DESK, "subject": "newcomer", "pools": seats}
    made = await world.call(named("create_operator"), "admin", body=body)
    assert made.is_success, made.text
    await settle(world.stack)
    return "newcomer"


async def nobodys_lead(world: World) -> list[Json]:
    """Have a stranger call while nobody takes work; return the bodies by which these check in again."""
    people = (await world.call(named("list_operators"), "admin")).json()["items"]
    there = [{"operator_id": one["id"]} for one in people if one["presence"] == "checked_in"]
    paused = [await world.call(named("pause_work"), "admin", body=one) for one in there]
    example = dict_of(named("record_contact").body)
    told = {**example, "desk": DESK, "phone": "+79005550177", "at": world.stack.clock.now().isoformat()}
    made = await world.call(named("record_contact"), "admin", body=told)
    await settle(world.stack)
    assert all(answer.is_success for answer in (*paused, made)), made.text
    await world.look()
    return there


async def test_no_read_shows_a_whole_number_to_an_operator_who_works_neither_lead_nor_task(world: World) -> None:
    idle = await newcomer(world)
    paused = await nobodys_lead(world)
    customers = (await world.call(named("list_customers"), "admin")).json()["items"]
    numbers = {known["value"] for one in customers for known in one["identities"] if known["kind"] == "phone"}
    before = await reads_that_show(world, numbers, idle)
    await mask(world, lists=True)
    after = await reads_that_show(world, numbers, idle)
    await mask(world, lists=False)
    for one in paused:
        await world.call(named("check_in"), "admin", body=one)
    assert ({"list_leads", "get_lead", "list_customers", "list_tasks"} - before, after) == (set(), set())
