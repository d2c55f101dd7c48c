"""Who sees what at tasks: operators their own and their pools' work, administrators the desks of their token."""

import pytest

from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk, operator
from tests.tasks.support import LIBRARY, TINY

pytestmark = [pytest.mark.req("P.6")]
CARS = {"code": "cars", "title": {"ru": "Сервис", "en": "Cars"}, "zone": "Asia/Omsk"}
SCHOOL = (LIBRARY / "school.yaml").read_text(encoding="utf-8")


@pytest.mark.req("U10")
@pytest.mark.parametrize(
    ("changes", "seen"),
    [({}, True), ({"active": False}, False), ({"pools": ("sales",)}, False), ({"pools": ()}, False)],
)
async def test_an_operator_sees_what_waits_in_their_pools_while_they_are_active(
    desk: Desk, api: Api, changes: dict[str, object], seen: bool
) -> None:
    task = await api.task(await desk.lead("callback"))
    await desk.receive(operator(ANNA_ID, "anna", **changes))
    listed = (await api.call("GET", "/tasks", params={"state": "active"})).json()["items"]
    one = await api.call("GET", f"/tasks/{task['id']}")
    assert (len(listed), one.status_code) == ((1, 200) if seen else (0, 404))


@pytest.mark.req("U10")
@pytest.mark.parametrize("sub", ["anna", "stranger"])
async def test_who_is_no_active_operator_reads_no_lead_no_timeline_and_no_queue(
    desk: Desk, api: Api, sub: str
) -> None:
    lead_id = await desk.lead("callback")
    await desk.receive(operator(ANNA_ID, "anna", active=False))
    timeline = await api.call("GET", "/timeline", sub=sub, params={"lead_id": str(lead_id)})
    queues = await api.call("GET", "/queues", sub=sub)
    queue = await api.call("GET", "/queues/new/tasks", sub=sub)
    assert (timeline.status_code, queues.json()["items"], queue.status_code) == (404, [], 404)


@pytest.mark.req("U23")
async def test_an_administrator_makes_and_changes_the_desks_of_their_token_alone(api: Api) -> None:
    made = await api.call("POST", "/desks", role="admin", desks=("demo",), json=CARS)
    changed = await api.call(
        "PATCH", "/desks/demo", role="admin", desks=("cars",), json={"zone": "Asia/Omsk"}, version=1
    )
    seen = await api.call("GET", "/desks/demo", role="admin", desks=())
    assert (made.status_code, changed.status_code, seen.status_code) == (404, 404, 404)


@pytest.mark.req("U23")
async def test_a_playbook_for_all_desks_needs_a_token_for_all_desks(api: Api) -> None:
    shared = await api.call("POST", "/playbooks", role="admin", desks=("demo",), content=TINY)
    foreign = await api.call(
        "POST", "/playbooks", role="admin", desks=("demo",), content=TINY, params={"desk": "x"}
    )
    own = await api.call("POST", "/playbooks", role="admin", desks=("demo",), content=TINY, params={"desk": "demo"})
    assert (shared.status_code, foreign.status_code, own.status_code) == (403, 404, 201)
