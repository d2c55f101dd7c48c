"""Saved filters of lists over HTTP: one's own, shared ones, and filters that do not fit their list."""

import pytest
from httpx import Response

from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk

MINE: Json = {"desk": "demo", "list": "list_tasks", "name": "Просроченные", "query": {"overdue": ["true"]}}


async def save(api: Api, sub: str = "anna", role: str = "operator", **given: object) -> Response:
    return await api.call("POST", "/filters", sub=sub, role=role, json={**MINE, **given})


async def named(api: Api, sub: str, role: str = "operator", **asked: str) -> list[str]:
    found = await api.call("GET", "/filters", sub=sub, role=role, params=asked)
    return [each["name"] for each in found.json()["items"]]


async def test_a_filter_is_saved_and_read_again(api: Api) -> None:
    made = await save(api)
    found = await api.call("GET", f"/filters/{made.json()['id']}")
    assert (made.status_code, made.headers["location"]) == (201, f"/tasks/v1/filters/{made.json()['id']}")
    assert (found.json()["query"], found.json()["mine"]) == ({"overdue": ["true"]}, True)


async def test_others_see_what_is_shared_alone(api: Api) -> None:
    made = await save(api)
    await save(api, sub="chief", role="supervisor", name="Общий", shared=True)
    assert (await named(api, "anna"), await named(api, "boris")) == (["Просроченные", "Общий"], ["Общий"])
    assert (await api.call("GET", f"/filters/{made.json()['id']}", sub="boris")).status_code == 404


async def test_operators_do_not_share(api: Api) -> None:
    assert (await save(api, shared=True)).status_code == 403


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"list": "list_unicorns"}, [("/list", "unknown_list")]),
        ({"list": "get_task"}, [("/list", "unknown_list")]),
        ({"query": {"colour": ["red"]}}, [("/query/colour", "unknown_parameter")]),
        ({"query": {"cursor": ["x"]}}, [("/query/cursor", "unknown_parameter")]),
        (
            {"query": {"overdue": ["perhaps"], "due_to": ["0.5"]}},
            [("/query/due_to", "datetime_parsing"), ("/query/overdue", "bool_parsing")],
        ),
    ],
)
async def test_a_filter_that_does_not_fit_its_list_is_refused(
    api: Api, given: Json, faults: list[tuple[str, str]]
) -> None:
    refused = await save(api, **given)
    assert refused.status_code == 422
    assert sorted((fault["pointer"], fault["code"]) for fault in refused.json()["errors"]) == faults


async def test_a_name_is_taken_once(api: Api) -> None:
    await save(api)
    assert ((await save(api)).status_code, (await save(api, sub="boris")).status_code) == (409, 201)


async def test_a_filter_is_changed_and_deleted_under_its_version(api: Api) -> None:
    path = f"/filters/{(await save(api)).json()['id']}"
    changed = await api.call("PATCH", path, json={"query": {"unowned": ["true"]}}, version=1)
    stale = await api.call("DELETE", path, version=1)
    gone = await api.call("DELETE", path, version=2)
    assert (changed.json()["query"], stale.status_code, gone.status_code) == ({"unowned": ["true"]}, 412, 200)
    assert await named(api, "anna") == []


async def test_a_colleague_s_filter_is_changed_by_a_supervisor_alone(api: Api) -> None:
    path = f"/filters/{(await save(api, sub='chief', role='supervisor', shared=True)).json()['id']}"
    refused = await api.call("PATCH", path, json={"name": "Мой"}, version=1)
    done = await api.call("PATCH", path, sub="boss", role="supervisor", json={"name": "Наш"}, version=1)
    assert (refused.status_code, done.json()["name"]) == (403, "Наш")


async def test_who_ends_the_sharing_of_a_colleague_s_filter_is_told_so(api: Api) -> None:
    path = f"/filters/{(await save(api, sub='chief', role='supervisor', shared=True)).json()['id']}"
    done = await api.call("PATCH", path, sub="boss", role="supervisor", json={"shared": False}, version=1)
    assert (done.status_code, done.json()["shared"], done.headers["etag"]) == (200, False, '"2"')
    assert (await api.call("GET", path, sub="boss", role="supervisor")).status_code == 404


async def test_filters_of_another_desk_are_not_seen(desk: Desk, api: Api) -> None:
    made = await save(api, sub="chief", role="supervisor", shared=True)
    seen = await api.call("GET", f"/filters/{made.json()['id']}", sub="x", role="supervisor", desks=("cars",))
    assert (seen.status_code, (await save(api, desk="cars")).status_code) == (404, 404)


async def test_filters_are_listed_by_list_and_desk(api: Api) -> None:
    await save(api)
    assert await named(api, "anna", list="list_task_pools") == []
    assert await named(api, "anna", list="list_tasks", desk="demo") == ["Просроченные"]
