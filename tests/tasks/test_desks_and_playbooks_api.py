"""Desks and playbooks over HTTP."""

from uuid import uuid4

import pytest

from libs.common.contracts import desks
from services.tasks.playbooks.cache import PlaybookCache
from tests.tasks.client import KEYS, Api
from tests.tasks.desk import Desk, pool
from tests.tasks.support import LIBRARY, TINY

DESK = {"code": "cars", "title": {"ru": "Сервис", "en": "Cars"}, "zone": "Asia/Omsk"}
SCHOOL = (LIBRARY / "school.yaml").read_text(encoding="utf-8")
NEXT = f"{SCHOOL}\n# said once more\n"


async def test_a_desk_is_made_and_told_to_everybody(desk: Desk, api: Api) -> None:
    made = await api.call("POST", "/desks", role="admin", json=DESK)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert (await desk.sent(desks.DeskChanged))[-1].zone == "Asia/Omsk"


async def test_a_desk_that_exists_is_409_with_its_code(api: Api) -> None:
    refused = await api.call("POST", "/desks", role="admin", json={**DESK, "code": "demo"})
    assert (refused.status_code, refused.json()["code"], refused.json()["existing"]) == (
        409,
        "already_exists",
        "demo",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("zone", "Moon/Base"),
        ("zone", "../etc"),
        ("languages", []),
        ("code", "Ё"),
        ("calendar", [{"weekday": 8, "opens": "09:00", "closes": "18:00"}]),
        ("calendar", [{"weekday": 1, "opens": "18:00", "closes": "09:00"}]),
        ("calendar", [{"weekday": 1, "opens": "09:00+03:00", "closes": "18:00"}]),
        ("calendar", [{"weekday": 1, "opens": "09:00:30", "closes": "18:00"}]),
        ("calendar", [{"weekday": 1, "opens": "09:00", "closes": "24:00"}]),
    ],
)
async def test_a_desk_that_cannot_be_is_refused(api: Api, field: str, value: object) -> None:
    refused = await api.call("POST", "/desks", role="admin", json={**DESK, field: value})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"].split("/")[1]) == (422, field)


async def test_a_desk_is_changed_under_its_version(desk: Desk, api: Api) -> None:
    hours = [{"weekday": 1, "opens": "09:00", "closes": "18:00"}]
    changed = await api.call("PATCH", "/desks/demo", role="admin", json={"calendar": hours}, version=1)
    stale = await api.call("PATCH", "/desks/demo", role="admin", json={"zone": "Asia/Omsk"}, version=1)
    assert (changed.json()["version"], stale.status_code, stale.json()["current"]["version"]) == (2, 412, 2)


@pytest.mark.req("P.6")
async def test_operators_neither_make_desks_nor_see_foreign_ones(api: Api) -> None:
    assert (await api.call("POST", "/desks", json=DESK)).status_code == 403
    assert (await api.call("GET", "/desks/demo", desks=("other",))).status_code == 404


@pytest.mark.req("U34")
async def test_the_text_of_the_newest_version_makes_none(api: Api) -> None:
    again = await api.call("POST", "/playbooks", role="admin", content=SCHOOL)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert again.headers["location"] == "/tasks/v1/playbooks/school/versions/1"


@pytest.mark.req("P.4")
async def test_each_text_is_the_next_version(api: Api) -> None:
    made = await api.call("POST", "/playbooks", role="admin", content=NEXT)
    listed = (await api.call("GET", "/playbooks/school/versions", language="en")).json()["items"]
    assert (made.status_code, made.json()["version"]) == (201, 2)
    assert [(v["version"], v["active_at"]) for v in listed] == [(2, []), (1, ["demo"])]


@pytest.mark.req("P.4")
@pytest.mark.req("idempotent-yaml", "U6")
@pytest.mark.parametrize("media", ["application/yaml", "application/x-yaml", "text/yaml", "text/plain"])
async def test_a_playbook_in_yaml_is_made_once_under_its_key(api: Api, media: str) -> None:
    headers = {"Authorization": f"Bearer {KEYS.token('ann', ['admin'])}", "Idempotency-Key": "k-1"}
    answers = [
        await api.http.post("/tasks/v1/playbooks", headers={**headers, "Content-Type": media}, content=NEXT)
        for _ in "ab"
    ]
    assert [(a.status_code, a.headers.get("idempotency-replayed")) for a in answers] == [(201, None), (201, "true")]
    document = (await api.http.get("/tasks/openapi.json")).json()
    assert "application/yaml" in document["paths"]["/tasks/v1/playbooks"]["post"]["requestBody"]["content"]


async def test_every_fault_of_a_playbook_is_named_with_its_line(api: Api) -> None:
    broken = SCHOOL.replace("mode: mixed", "mode: shove", 2).replace("template: no_answer", "tmplate: no_answer", 1)
    refused = await api.call("POST", "/playbooks", role="admin", content=broken)
    codes = [fault["code"] for fault in refused.json()["errors"]]
    assert (refused.status_code, codes) == (422, ["missing_key", "unknown_key", "unknown_value", "unknown_value"])
    line = SCHOOL[: SCHOOL.index("template: no_answer")].count("\n") + 1
    assert refused.json()["errors"][0]["detail"].startswith(f"line {line}: ")


async def test_two_desks_may_each_have_a_playbook_of_their_own_under_one_code(desk: Desk, api: Api) -> None:
    await api.call("POST", "/desks", role="admin", json=DESK)
    for code in ("demo", "cars"):
        await desk.receive(pool("main", desk=code, pool_id=uuid4()))
        made = await api.call("POST", "/playbooks", role="admin", content=TINY, params={"desk": code})
        body = {"version": made.json()["version"], "desk": code}
        await api.call("POST", "/playbooks/tiny/activate", role="admin", json=body)
    seen = (await api.call("GET", "/playbooks/tiny/versions", desks=("cars",))).json()["items"]
    foreign = await api.call("POST", "/playbooks/tiny/activate", role="admin", json={"version": 1, "desk": "cars"})
    assert [(found["desk"], found["active_at"]) for found in seen] == [("cars", ["cars"])]
    assert foreign.status_code == 404


async def test_a_stricter_check_does_not_stop_what_runs_on_an_older_version(desk: Desk) -> None:
    source = TINY.replace("- open: call", "- note: {ru: а, en: a}")  # checked before this was a fault
    await desk.ctx.db.pool.execute("UPDATE playbook SET source = $1 WHERE code = 'callback'", source)
    found = await PlaybookCache().of(desk.ctx.db, [("callback", 1)])
    assert list(found["callback", 1].task_types) == ["call"]


async def test_a_playbook_may_come_inside_json(api: Api) -> None:
    made = await api.call("POST", "/playbooks", role="admin", json={"source": NEXT})
    assert made.status_code == 201


@pytest.mark.req("P.4")
async def test_activation_is_told_once_and_counts_at_once(desk: Desk, api: Api) -> None:
    await api.call("POST", "/playbooks", role="admin", content=NEXT)
    await desk.furnish(NEXT)
    for _ in range(2):
        body = {"version": 2, "desk": "demo"}
        await api.call("POST", "/playbooks/school/activate", role="supervisor", json=body)
    await desk.lead("school")
    activated = [(data.code, data.version) for data in await desk.sent(desks.PlaybookActivated)]
    assert activated == [("callback", 1), ("school", 1), ("school", 2)]
    assert (await desk.tasks())[-1].playbook_version == 2


@pytest.mark.req("U33")
@pytest.mark.parametrize(
    ("version", "code", "detail"),
    [(9, "demo", "no such version of a playbook: school, 9"), (1, "other", "no such desk: other")],
)
async def test_what_cannot_be_activated_is_404_and_named(api: Api, version: int, code: str, detail: str) -> None:
    body = {"version": version, "desk": code}
    refused = await api.call("POST", "/playbooks/school/activate", role="supervisor", json=body, language="en")
    assert (refused.status_code, refused.json()["detail"]) == (404, detail)


@pytest.mark.req("P.4")
async def test_a_playbook_is_drawn_as_a_picture(api: Api) -> None:
    answer = await api.call("GET", "/playbooks/school/diagram.svg", language="en")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert ">Process the order<" in answer.text


async def test_a_playbook_that_is_not_there_has_no_picture(api: Api) -> None:
    assert (await api.call("GET", "/playbooks/nothing/diagram.svg")).status_code == 404


@pytest.mark.req("P.4")
async def test_a_playbook_is_drawn_as_a_flowchart(api: Api) -> None:
    drawn = (await api.call("GET", "/playbooks/school/diagram", language="en")).json()
    assert drawn["mermaid"].startswith('flowchart TD\n    process_order["Process the order"]')


@pytest.mark.req("U21")
async def test_playbooks_say_which_version_each_desk_has(desk: Desk, api: Api) -> None:
    await desk.add_desk("cars", TINY)
    await desk.activate_playbook(TINY)
    await api.call("POST", "/playbooks", role="admin", content=f"{TINY}\n# again\n")
    listed = (await api.call("GET", "/playbooks", role="admin")).json()["items"]
    shown = {(each["code"], each["desk"]): (each["version"], each["active"]) for each in listed}
    assert shown["callback", None] == (1, {"demo": 1})
    assert (shown["tiny", "cars"], shown["tiny", None]) == ((1, {"cars": 1}), (3, {"demo": 2}))


@pytest.mark.req("U21")
async def test_a_diagram_draws_the_version_in_use_unless_another_is_named(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(TINY)
    await api.call("POST", "/playbooks", role="admin", content=f"{TINY}\n# again\n")
    asked: list[dict[str, str]] = [{}, {"desk": "demo"}, {"version": "2"}]
    drawn = [(await api.call("GET", "/playbooks/tiny/diagram", params=given)).json()["version"] for given in asked]
    assert drawn == [1, 1, 2]


@pytest.mark.req("U12", "P.6")
@pytest.mark.parametrize(("asked", "codes"), [("cars", ["callback", "school", "tiny"]), ("other", [])])
async def test_playbooks_are_narrowed_to_those_that_a_desk_may_use(
    desk: Desk, api: Api, asked: str, codes: list[str]
) -> None:
    await desk.add_desk("cars", TINY)
    found = await api.call("GET", "/playbooks", desks=("cars",), params={"desk": asked})
    assert [each["code"] for each in found.json()["items"]] == codes


@pytest.mark.req("U5")
async def test_a_playbook_that_misspells_a_pool_is_not_activated(desk: Desk, api: Api) -> None:
    await desk.receive(pool("main"))
    await api.call("POST", "/playbooks", role="admin", content=TINY.replace("pool: main", "pool: mainn"))
    body = {"version": 1, "desk": "demo"}
    refused = await api.call("POST", "/playbooks/tiny/activate", role="supervisor", json=body)
    (fault,) = refused.json()["errors"]
    assert (refused.status_code, fault["pointer"], fault["code"]) == (422, "/task_types/call/pool", "unknown_pool")
    assert "main" in fault["detail"].split("похожие")[1]


@pytest.mark.req("U5")
async def test_a_pool_that_may_be_on_its_way_is_waited_for(desk: Desk, api: Api) -> None:
    await desk.receive(pool("main"))
    await api.call("POST", "/playbooks", role="admin", content=TINY.replace("pool: main", "pool: evening"))
    body = {"version": 1, "desk": "demo"}
    early = await api.call("POST", "/playbooks/tiny/activate", role="supervisor", json=body)
    (awaited,) = early.json()["waits_for"]
    assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (409, "not_known_yet", "2")
    assert awaited == {"pointer": "/task_types/call/pool", "kind": "pool", "name": "evening", "nearest": []}
    await desk.receive(pool("evening"))
    assert (await api.call("POST", "/playbooks/tiny/activate", role="supervisor", json=body)).status_code == 200
