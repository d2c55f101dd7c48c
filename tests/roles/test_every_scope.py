"""Every operation on what there is: callers of other desks, and who is no operator, neither see nor change it."""

import httpx
import pytest

from libs.common.platform.auth.principal import Role, Scope
from tests.roles.operations import OPERATIONS, Operation
from tests.roles.world import World, named

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]

BOUND = [one for one in OPERATIONS if one.parameter]
VERSIONED = [one for one in BOUND if one.needs_version]
EMPTY = [{"items": [], "next_cursor": None}, {"read": 0, "by_disposition": {}, "next": None}]
#: Of all desks, and shown to all.
SHARED = {"list_playbooks", "list_playbook_versions", "get_playbook_version", "draw_playbook", "draw_playbook_svg"}
#: Nothing of its own to be refused: it needs `desk` in the query, or makes or shows what is for all desks.
UNNAMED = {
    "check_playbook",
    "create_playbook_version",
    "list_package_starts",
    "list_rates",  # official ones are of no desk; those of desks: tests/intake/test_rates.py
    "set_masking",
    "set_pay_table",
    *(f"set_{service}_retention" for service in ("intake", "tasks", "notifications")),
}


@pytest.mark.req("U23")
async def test_there_is_one_thing_of_each_kind_to_be_seen(world: World) -> None:
    missing = {one.parameter for one in BOUND if not world.is_there(one)}
    reads = [one for one in BOUND if one.method == "GET" and world.is_there(one) and one.name not in UNNAMED]
    answers = {one.name: await world.call(one, "admin", desks=["demo"]) for one in reads}
    assert missing == {"call_id", "letter_id", "subscription_id"}
    assert [name for name, answer in answers.items() if not answer.is_success] == ["get_call_sheet", "get_media"]
    assert answers["get_media"].status_code in {303, 409}  # it leads elsewhere, once it is fetched


@pytest.mark.req("U23")
@pytest.mark.parametrize("desks", [["elsewhere"], []], ids=["another", "none"])
@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE])
async def test_callers_of_other_desks_see_and_change_nothing(world: World, role: Role, desks: list[str]) -> None:
    bound = [one for one in OPERATIONS if role in one.scopes and one.of_desks and one.name not in SHARED | UNNAMED]
    answers = {one.name: await world.call(one, role, desks=desks, body=world.body(one)) for one in bound}
    assert [f"{name}: {answer.text}" for name, answer in answers.items() if not is_nothing(answer)] == []


@pytest.mark.req("U23", "U37")
async def test_what_is_of_another_desk_is_not_found_whatever_version_is_named(world: World) -> None:
    """404 goes before 428: who may not see a thing is not told that it is there."""
    answers = {
        one.name: await world.call(one, min(one.scopes), desks=["elsewhere"], body=world.body(one), seen=None)
        for one in VERSIONED
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 404)


async def test_what_is_there_is_not_changed_by_who_names_no_version(world: World) -> None:
    answers = {
        one.name: await world.call(one, "admin", body=world.body(one), seen=None, query=applying(one))
        for one in VERSIONED
    }
    assert {name: answer.text for name, answer in answers.items() if answer.status_code != 428} == {}


async def test_a_body_says_the_same_of_what_is_there_and_of_what_is_not(world: World) -> None:
    """Its shape is judged before anything is looked at, or after 404: neither tells what there is."""
    bodies = [one for one in VERSIONED if one.body]
    here = [await world.call(one, "admin", body={"nosuch": 1}, seen=None) for one in bodies]
    away = [await world.call(one, "admin", body={"nosuch": 1}, seen=None, desks=["elsewhere"]) for one in bodies]
    assert {answer.status_code for answer in here} == {422}
    assert {answer.status_code for answer in away} <= {404, 422}


def applying(operation: Operation) -> str:
    """Return the query that makes a configuration be applied."""
    return "?mode=apply" if operation.path.endswith("/configuration") else ""


def is_nothing(answer: httpx.Response) -> bool:
    """Return whether an answer says that there is nothing: not found, an empty list, nothing read again."""
    return answer.status_code == httpx.codes.NOT_FOUND or answer.json() in EMPTY


@pytest.mark.req("U10")
async def test_a_subject_that_is_no_operator_has_no_work(world: World) -> None:
    assert await seen_by(world, "stranger") == []


@pytest.mark.req("U10")
async def test_an_operator_who_was_dismissed_has_no_work_any_more(world: World) -> None:
    subject, tasks = await world.busy_operator(), named("list_tasks")
    before = (await world.call(tasks, Role.OPERATOR, sub=subject, desks=["demo"])).json()["items"]
    await world.dismiss(subject)
    assert (bool(before), await seen_by(world, subject)) == (True, [])


async def seen_by(world: World, sub: str) -> list[str]:
    """Return the answers to `sub` of an operator's work that say more than nothing."""
    bound = [one for one in OPERATIONS if one.scopes.get(Role.OPERATOR) == Scope.WORK and one.of_desks]
    answers = {}
    for one in bound:
        answers[one.name] = await world.call(one, Role.OPERATOR, sub=sub, desks=["demo"], body=world.body(one))
    return [f"{name}: {one.text}" for name, one in answers.items() if not is_nothing(one) and not is_nobody(one)]


def is_nobody(answer: httpx.Response) -> bool:
    """Return whether an answer says that the caller has no place in the turn."""
    return answer.is_client_error and answer.json()["code"] == "no_operator"
