"""Leads that come before their desk has activated the playbook: they wait visibly and are released by it."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from libs.common.contracts import intake
from libs.common.contracts.shared import OrderStatus
from libs.common.messaging.inbox.store import claim, park
from services.tasks.app import WORK
from services.tasks.playbooks.waiting import UnknownPlaybookError, adopt_parked, release_ready
from services.tasks.playbooks.worker import adopting_loop
from tests.support.lookouts import rung
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, lead, pool
from tests.tasks.inbox import Inbox
from tests.tasks.support import START, TINY

DESK = {"code": "cars", "title": {"ru": "Сервис", "en": "Cars"}, "zone": "Asia/Omsk"}
OLD_RELEASE = "UPDATE parked SET waits_for = NULL"
STATES = "SELECT state, count(*) FROM parked GROUP BY state ORDER BY state"
MANY = """
INSERT INTO parked (topic, partition, "offset", event_id, type, key, sequence, desk, time, headers, body,
                    error_type, error, state, waits_for)
SELECT topic, partition, 1000 + n, uuidv7(), type, 'lead:' || n, 1, desk, time, headers, body, error_type, error,
       state, waits_for
FROM generate_series(1, 9999) AS n, (SELECT * FROM parked LIMIT 1) AS one
"""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest_asyncio.fixture(autouse=True)
async def pools(desk: Desk) -> None:
    """What the playbook names is there."""
    await desk.receive(pool("main"), pool("main", desk="cars", pool_id=uuid4()))


@pytest.fixture
def inbox(desk: Desk) -> Inbox:
    return Inbox.of(desk)


async def activate(api: Api, code: str = "tiny", desk: str = "demo", source: str = TINY) -> Json:
    """Post a playbook and activate it; return the answer."""
    made = await api.call("POST", "/playbooks", role="admin", content=source)
    body = {"version": made.json()["version"], "desk": desk}
    answer = await api.call("POST", f"/playbooks/{code}/activate", role="admin", desks=("*",), json=body)
    found: Json = answer.json()
    return found


async def readiness(api: Api) -> list[Json]:
    answer = await api.call("GET", "/desks/demo/readiness", role="supervisor")
    found: list[Json] = answer.json()["playbooks"]
    return found


async def steps(api: Api, lead_id: object) -> list[Json]:
    answer = await api.call("GET", "/timeline", role="supervisor", language="en", params={"lead_id": str(lead_id)})
    found: list[Json] = answer.json()["items"]
    return found


async def kinds(api: Api, lead_id: object) -> list[str]:
    return [step["kind"].removeprefix("dozvon.") for step in await steps(api, lead_id)]


def changed(received: intake.LeadReceived) -> intake.OrderChanged:
    return intake.OrderChanged(
        order_id=received.order_id,
        lead_id=received.lead_id,
        order_number=received.order_number,
        external_id=received.external_id,
        from_status=OrderStatus.NEW,
        to_status=OrderStatus.PAID,
    )


@pytest.mark.req("P.1", "P.4")
@pytest.mark.req("U4")
async def test_leads_that_came_first_go_on_at_activation_each_once(desk: Desk, api: Api, inbox: Inbox) -> None:
    leads = [lead("tiny") for _ in range(3)]
    await inbox.receive(*leads)
    answer = await activate(api)
    await inbox.replayer.look()
    await inbox.replayer.look()
    opened = [data.lead_id for data in await desk.tasks()]
    assert (answer["leads_released"], sorted(map(str, opened))) == (3, sorted(str(one.lead_id) for one in leads))


@pytest.mark.req("P.1")
async def test_what_came_behind_a_waiting_lead_follows_it_in_order(desk: Desk, api: Api, inbox: Inbox) -> None:
    received = lead("tiny")
    await inbox.receive(received, changed(received))
    await activate(api)
    await inbox.replayer.look()
    found = await kinds(api, received.lead_id)
    assert found.index("playbook_came") < found.index("task.opened.v1") < found.index("order.changed.v1")


async def test_a_desk_that_is_made_later_lets_its_leads_go_on(desk: Desk, api: Api, inbox: Inbox) -> None:
    await inbox.receive(lead("tiny"), desk="cars")
    await api.call("POST", "/desks", role="admin", json=DESK)
    assert (await activate(api, desk="cars"))["leads_released"] == 1


async def test_leads_of_another_playbook_or_desk_go_on_waiting(desk: Desk, api: Api, inbox: Inbox) -> None:
    await inbox.receive(lead("typo"))
    await inbox.receive(lead("tiny"), desk="cars")
    assert (await activate(api))["leads_released"] == 0
    assert await release_ready(desk.ctx) == 0


async def test_a_lead_parked_while_its_playbook_is_being_activated_goes_on(
    desk: Desk, api: Api, inbox: Inbox
) -> None:
    item = await inbox.incoming(lead("tiny"))
    async with desk.ctx.db.begin() as parking:
        await claim(parking, [item])
        await park(parking, item, "failed", UnknownPlaybookError("demo", "tiny"))
        answer = await activate(api)
        await parking.commit()
    assert "waiting" in await rung(desk.ctx.db, desk.ctx.core.clock, WORK)
    assert (answer["leads_released"], await release_ready(desk.ctx)) == (0, 1)
    assert "waiting" not in await rung(desk.ctx.db, desk.ctx.core.clock, WORK)


@pytest.mark.parametrize("_", range(5))
async def test_activation_and_arrival_at_once_lose_no_lead(desk: Desk, api: Api, inbox: Inbox, _: int) -> None:
    leads = [lead("tiny") for _ in range(8)]
    items = [await inbox.incoming(one) for one in leads]
    await asyncio.gather(activate(api), *(inbox.applier.apply_or_park(item) for item in items))
    await release_ready(desk.ctx)
    await inbox.replayer.look()
    opened = [data.lead_id for data in await desk.tasks()]
    assert sorted(map(str, opened)) == sorted(str(one.lead_id) for one in leads)


async def test_two_activations_at_once_release_each_lead_once(desk: Desk, api: Api, inbox: Inbox) -> None:
    await inbox.receive(*(lead("tiny") for _ in range(5)))
    answers = await asyncio.gather(activate(api), activate(api), release_ready(desk.ctx))
    assert sum(answer if isinstance(answer, int) else answer["leads_released"] for answer in answers) == 5


async def test_a_worker_that_starts_later_lets_go_on_what_is_ready(desk: Desk, api: Api, inbox: Inbox) -> None:
    await activate(api)
    async with desk.ctx.db.begin() as tx:
        item = await inbox.incoming(lead("tiny"))
        await park(tx, item, "failed", UnknownPlaybookError("demo", "tiny"))
        await tx.commit()
    stop = asyncio.Event()
    stop.set()
    await adopting_loop(desk.ctx)(stop)
    assert await release_ready(desk.ctx) == 1


@pytest.mark.req("P.1")
async def test_leads_that_the_previous_release_parked_for_good_go_on_at_activation(
    desk: Desk, api: Api, inbox: Inbox
) -> None:
    await inbox.receive(lead("tiny"), lead("typo"))
    await desk.ctx.db.pool.execute(OLD_RELEASE)
    await adopt_parked(desk.ctx)
    assert (await activate(api))["leads_released"] == 1
    assert [found["code"] for found in await readiness(api) if found["waiting_leads"]] == ["typo"]


async def test_ten_thousand_leads_are_released_by_one_activation(desk: Desk, api: Api, inbox: Inbox) -> None:
    await inbox.receive(lead("tiny"))
    await desk.ctx.db.pool.execute(f'{MANY}; DELETE FROM parked WHERE "offset" >= 1000')
    await desk.ctx.db.pool.execute("ANALYZE parked")  # it looks empty, and the plan must not be for an empty one
    await desk.ctx.db.pool.execute(MANY)
    assert (await activate(api))["leads_released"] == 10_000
    assert list(map(tuple, await desk.ctx.db.pool.fetch(STATES))) == [("retrying", 10_000)]


async def test_the_times_of_a_lead_that_waited_count_from_when_it_goes_on(
    desk: Desk, api: Api, inbox: Inbox
) -> None:
    received = lead("school2")
    await inbox.receive(received)
    desk.clock.advance(timedelta(days=2))
    source = TINY.replace("playbook: tiny", "playbook: school2").replace(
        "due: 5m", "due: {from: received, after: 5m}"
    )
    await activate(api, "school2", source=source)
    await inbox.replayer.look()
    task = await api.task(received.lead_id)
    assert datetime.fromisoformat(task["due_at"]) == START + timedelta(days=2, minutes=5)
    received_step = (await steps(api, received.lead_id))[0]
    assert datetime.fromisoformat(received_step["facts"]["received_at"]) == START


@pytest.mark.req("P.3")
async def test_the_timeline_tells_that_a_lead_waits_and_what_for(desk: Desk, api: Api, inbox: Inbox) -> None:
    received = lead("tiny")
    await inbox.receive(received)
    assert [step["title"] for step in await steps(api, received.lead_id)] == [
        "Lead received, order 1042",
        "Waits: playbook “tiny” is not active",
    ]


@pytest.mark.req("P.3")
async def test_the_timeline_tells_that_a_lead_went_on(desk: Desk, api: Api, inbox: Inbox) -> None:
    received = lead("tiny")
    await inbox.receive(received)
    desk.clock.advance(timedelta(hours=1))
    await activate(api)
    await inbox.replayer.look()
    found = await kinds(api, received.lead_id)
    assert found[:3] == ["lead.received.v1", "playbook_awaited", "playbook_came"]
    assert found.count("lead.received.v1") == 1


@pytest.mark.req("P.6")
async def test_operators_and_other_desks_do_not_see_a_waiting_lead(api: Api, inbox: Inbox) -> None:
    received = lead("tiny")
    await inbox.receive(received)
    params = {"lead_id": str(received.lead_id)}
    operator = await api.call("GET", "/timeline", params=params)
    foreign = await api.call("GET", "/timeline", role="supervisor", desks=("other",), params=params)
    assert (operator.status_code, foreign.status_code) == (404, 404)


@pytest.mark.req("U4")
async def test_a_desk_shows_which_playbooks_its_leads_wait_for(desk: Desk, api: Api, inbox: Inbox) -> None:
    await inbox.receive(lead("typo"), lead("typo"))
    found = {playbook.pop("code"): playbook for playbook in await readiness(api)}
    assert found["typo"] == {
        "exists": False,
        "active_version": None,
        "waiting_leads": 2,
        "oldest_received_at": START.isoformat().replace("+00:00", "Z"),
    }
    assert (found["school"]["active_version"], found["school"]["waiting_leads"]) == (1, 0)


async def test_a_playbook_that_is_kept_but_not_active_is_shown_as_such(api: Api, inbox: Inbox) -> None:
    await inbox.receive(lead("tiny"))
    await api.call("POST", "/playbooks", role="admin", content=TINY)
    (tiny,) = [playbook for playbook in await readiness(api) if playbook["code"] == "tiny"]
    assert (tiny["exists"], tiny["active_version"], tiny["waiting_leads"]) == (True, None, 1)


@pytest.mark.req("P.6")
@pytest.mark.parametrize(
    ("role", "desks", "status"),
    [
        ("admin", ("*",), 200),
        ("supervisor", ("typo",), 404),
        ("operator", ("typo",), 403),
    ],
)
async def test_a_desk_that_does_not_exist_yet_is_seen_by_its_administrators(
    api: Api, inbox: Inbox, role: str, desks: tuple[str, ...], status: int
) -> None:
    await inbox.receive(lead("tiny"), desk="typo")
    answer = await api.call("GET", "/desks/typo/readiness", role=role, desks=desks)
    assert answer.status_code == status


async def test_a_desk_that_nobody_knows_has_no_readiness(api: Api) -> None:
    assert (await api.call("GET", "/desks/nobody/readiness", role="admin", desks=("*",))).status_code == 404


@pytest.mark.req("P.8")
async def test_waiting_leads_have_a_filter_of_their_own_among_dead_letters(api: Api, inbox: Inbox) -> None:
    await inbox.receive(lead("tiny"))
    found = {}
    for state in ("waiting", "failed"):
        answer = await api.call("GET", "/dead-letters", role="admin", params={"state": state})
        found[state] = [letter["waits_for"] for letter in answer.json()["items"]]
    assert found == {"waiting": ["playbook:demo:tiny"], "failed": []}


@pytest.mark.req("P.8")
async def test_an_administrator_sends_a_waiting_lead_to_another_playbook(
    desk: Desk, api: Api, inbox: Inbox
) -> None:
    received = lead("calback")
    await inbox.receive(received)
    (letter,) = (await api.call("GET", "/dead-letters", role="admin")).json()["items"]
    body = {"note": "typo", "data": {"playbook": "callback"}}
    await api.call("POST", f"/dead-letters/{letter['id']}/retry", role="admin", json=body)
    await inbox.replayer.look()
    assert [data.lead_id for data in await desk.tasks()] == [received.lead_id]


@pytest.mark.req("P.8")
async def test_a_retry_before_the_activation_waits_again(desk: Desk, api: Api, inbox: Inbox) -> None:
    await inbox.receive(lead("tiny"))
    (letter,) = (await api.call("GET", "/dead-letters", role="admin")).json()["items"]
    await api.call("POST", f"/dead-letters/{letter['id']}/retry", role="admin", json={})
    await inbox.replayer.look()
    again = (await api.call("GET", f"/dead-letters/{letter['id']}", role="admin")).json()
    assert (again["state"], again["attempts"]) == ("waiting", 2)
    assert (await activate(api))["leads_released"] == 1


@pytest.mark.req("P.8")
async def test_a_discarded_lead_does_not_go_on(desk: Desk, api: Api, inbox: Inbox) -> None:
    await inbox.receive(lead("tiny"))
    (letter,) = (await api.call("GET", "/dead-letters", role="admin")).json()["items"]
    await api.call("POST", f"/dead-letters/{letter['id']}/discard", role="admin", json={"note": "a test"})
    assert (await activate(api))["leads_released"] == 0
