"""Names that a playbook leaves to others: which of them a desk lacks, over HTTP (P.4)."""

import pytest

from libs.common.contracts.notifications import TemplateRetired
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, approved, operator, pool
from tests.tasks.support import TINY

MESSAGE = TINY.replace("task_types:", "messages:\n  hello: {template: greeting}\ntask_types:").replace(
    "        - open: call", "        - message: hello\n        - open: call"
)


async def check(api: Api, desk: str = "demo") -> Json:
    answer = await api.call("GET", "/playbooks/tiny/check", role="supervisor", params={"desk": desk})
    return {"status": answer.status_code, **answer.json()}


async def lacking(api: Api) -> list[tuple[str, str, list[str]]]:
    return [(each["kind"], each["name"], each["nearest"]) for each in (await check(api))["missing"]]


@pytest.mark.req("P.4")
async def test_pools_roles_and_templates_that_a_desk_lacks_are_named_with_the_nearest(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(MESSAGE)
    people = [operator(who, sub, roles=("operators",)) for who, sub in ((ANNA_ID, "anna"), (BORIS_ID, "boris"))]
    await desk.receive(*people, pool("mains"), approved("greetings"))
    assert sorted(await lacking(api)) == [
        ("pool", "main", ["mains"]),
        ("role", "operator", ["operators"]),
        ("template", "greeting", ["greetings"]),
    ]


async def test_nothing_is_missing_once_the_desk_has_all(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(MESSAGE)
    await desk.receive(pool("main"), *[approved("greeting")] * 2)
    assert await lacking(api) == []


@pytest.mark.req("U22")
async def test_a_retired_template_is_missing_until_it_is_approved_again(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(MESSAGE)
    await desk.receive(pool("main"), approved("greeting"), TemplateRetired(code="greeting", actor="chief"))
    retired = await lacking(api)
    await desk.receive(approved("greeting"))
    assert (retired, await lacking(api)) == ([("template", "greeting", [])], [])


async def test_word_of_a_template_that_comes_late_changes_nothing(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(MESSAGE)
    older, newer = desk.event(approved("greeting")), desk.event(TemplateRetired(code="greeting", actor="chief"))
    await desk.receive(pool("main"))
    await desk.apply([newer])
    await desk.apply([older])
    assert await lacking(api) == [("template", "greeting", [])]


async def test_a_desk_without_any_template_lacks_all_that_are_named(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(MESSAGE)
    await desk.receive(pool("main"))
    assert await lacking(api) == [("template", "greeting", [])]


@pytest.mark.req("P.4")
async def test_an_activation_says_which_roles_the_desk_lacks_and_goes_on(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(TINY.replace("- open: call", "- open: {type: call, for: supervisor}"))
    await desk.receive(pool("main"))
    body = {"version": 1, "desk": "demo"}
    answer = (await api.call("POST", "/playbooks/tiny/activate", role="supervisor", json=body)).json()
    assert [(each["kind"], each["name"]) for each in answer["missing"]] == [("role", "supervisor")]


async def test_another_desk_is_nobodys_business(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(TINY)
    assert (await check(api, "other"))["status"] == 404


async def test_a_task_for_the_supervisors_needs_one_at_the_desk(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(TINY.replace("- open: call", "- open: {type: call, for: supervisor}"))
    await desk.receive(pool("main"))
    assert await lacking(api) == [("role", "supervisor", [])]
