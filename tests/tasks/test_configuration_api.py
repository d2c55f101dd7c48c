"""A desk's configuration at tasks over HTTP."""

from typing import Any

import pytest
from httpx import Response

from libs.common.contracts import desks
from tests.tasks.client import Api
from tests.tasks.desk import Desk
from tests.tasks.support import LIBRARY, TINY

PATH = "/desks/cars/configuration"
CALLBACK = (LIBRARY / "callback.yaml").read_text(encoding="utf-8")
CARS: dict[str, Any] = {"title": {"ru": "Сервис", "en": "Cars"}, "zone": "Asia/Omsk"}
WHOLE = {**CARS, "playbooks": {"callback": {"source": CALLBACK}}}


async def plan(api: Api, document: object) -> Response:
    return await api.call("POST", PATH, role="admin", desks=("cars",), json=document)


async def apply(api: Api, document: object, tag: str) -> Response:
    headers = {"mode": "apply"}
    return await api.call("POST", PATH, role="admin", desks=("cars",), json=document, params=headers, tag=tag)


async def planned_and_applied(api: Api, document: object) -> Response:
    return await apply(api, document, (await plan(api, document)).headers["etag"])


async def made(desk: Desk) -> list[desks.DeskChanged]:
    """Return what was published of the desk that the tests configure."""
    return [event for event in await desk.sent(desks.DeskChanged) if event.code == "cars"]


def changes(answer: Response) -> list[tuple[str, str, str]]:
    return [(each["action"], each["kind"], each["code"]) for each in answer.json()["changes"]]


async def test_a_plan_says_what_applying_would_do_and_does_nothing(desk: Desk, api: Api) -> None:
    planned = await plan(api, WHOLE)
    assert changes(planned) == [("create", "desk", "cars"), ("create", "playbook", "callback")]
    assert (await api.call("GET", "/desks/cars", role="admin")).status_code == 404
    assert await made(desk) == []


async def test_applying_makes_the_desk_and_starts_its_playbooks(desk: Desk, api: Api) -> None:
    applied = await planned_and_applied(api, WHOLE)
    assert (applied.status_code, changes(applied)[0]) == (200, ("create", "desk", "cars"))
    assert [(event.code, event.zone) for event in await made(desk)] == [("cars", "Asia/Omsk")]
    assert (await desk.sent(desks.PlaybookActivatedV2))[-1].code == "callback"


async def test_applying_again_changes_nothing_and_posts_no_version(desk: Desk, api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    again = await planned_and_applied(api, WHOLE)
    versions = await api.call("GET", "/playbooks/callback/versions", role="admin", desks=("cars",))
    assert (changes(again), len(await made(desk)), len(versions.json()["items"])) == ([], 1, 1)


async def test_what_is_exported_can_be_applied_and_changes_nothing(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    exported = await api.call("GET", PATH, role="admin")
    planned = await plan(api, exported.json()["document"])
    assert (changes(planned), planned.headers["etag"]) == ([], exported.headers["etag"])


async def test_a_change_names_the_fields_that_differ(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    planned = await plan(api, {**WHOLE, "zone": "Asia/Tomsk", "languages": ["en"]})
    assert planned.json()["changes"] == [
        {"action": "change", "kind": "desk", "code": "cars", "fields": ["zone", "languages"]}
    ]


async def test_what_was_planned_before_another_change_is_not_applied(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    tag = (await plan(api, {**WHOLE, "zone": "Asia/Tomsk"})).headers["etag"]
    await planned_and_applied(api, {**WHOLE, "zone": "Europe/Moscow"})
    late = await apply(api, {**WHOLE, "zone": "Asia/Tomsk"}, tag)
    assert (late.status_code, late.json()["current"]["zone"]) == (412, "Europe/Moscow")


async def test_applying_without_a_plan_is_428(api: Api) -> None:
    refused = await api.call("POST", PATH, role="admin", json=WHOLE, params={"mode": "apply"})
    assert (refused.status_code, refused.json()["code"]) == (428, "version_required")


async def test_all_faults_of_all_playbooks_are_named_and_nothing_is_changed(desk: Desk, api: Api) -> None:
    broken = CALLBACK.replace("pool: callback", "pol: callback", 1)
    document = {**CARS, "playbooks": {"callback": {"source": broken}, "other": {"source": TINY}}}
    refused = await plan(api, document)
    places = [fault["pointer"] for fault in refused.json()["errors"]]
    assert refused.status_code == 422
    assert any(place.startswith("/playbooks/callback/task_types/") for place in places)
    assert "/playbooks/other" in places


async def test_names_that_a_playbook_leaves_to_the_desk_are_listed(api: Api) -> None:
    uses = (await plan(api, WHOLE)).json()["uses"]
    assert ("pool", "callback") in {(each["kind"], each["name"]) for each in uses}


@pytest.mark.req("P.6")
async def test_only_administrators_configure(api: Api) -> None:
    refused = await api.call("POST", PATH, role="supervisor", desks=("cars",), json=CARS)
    assert refused.status_code == 403


@pytest.mark.req("P.7")
async def test_for_how_long_a_desk_keeps_what_names_persons_is_a_part_of_its_file(api: Api) -> None:
    made = await planned_and_applied(api, {**WHOLE, "retention": {"comments": 30}})
    exported = (await api.call("GET", PATH, role="admin")).json()["document"]
    again, silent = await planned_and_applied(api, exported), await planned_and_applied(api, WHOLE)
    assert [each["kind"] for each in made.json()["changes"]][-1] == "retention"
    assert (exported["retention"], again.json()["changes"], silent.json()["changes"]) == (
        {"comments": 30, "timeline": None}, [], [],
    )  # fmt: skip
