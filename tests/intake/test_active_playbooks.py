"""A source says whether its desk has activated its playbook: a mistyped playbook is visible at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from libs.common.contracts import Cause, EventData, Received
from libs.common.contracts.desks import FirstStatus, PlaybookActivatedV2
from libs.common.contracts.intake import LeadReceivedV2
from libs.common.contracts.shared import Stage, Text
from libs.common.platform.ids import uuid7
from services.intake.playbooks.actions import project_playbooks
from tests.intake.api import NOW, Api, new_source, order, received_of

#: As the release before writes a later version: it knows nothing of the calls of buyers.
WROTE_BEFORE = "UPDATE active_playbook SET version = version + 1, sequence = sequence + 1"


def activated(
    code: str = "callback",
    desk: str = "demo",
    version: int = 1,
    first_status: FirstStatus | None = None,
    *,
    returns_calls: bool = False,
) -> PlaybookActivatedV2:
    return PlaybookActivatedV2(
        desk=desk,
        code=code,
        version=version,
        actor="boss",
        first_status=first_status,
        pools=(),
        lanes=(),
        returns_calls=returns_calls,
    )


async def receive(api: Api, *events: tuple[int, PlaybookActivatedV2]) -> None:
    """Apply events of one desk as one batch, each with its sequence."""
    batch = [Received(uuid7(), f"desk:{e.desk}", e.desk, NOW, number, Cause.fresh(), e) for number, e in events]
    async with api.ctx.core.db.begin() as tx:
        await project_playbooks(tx, batch)
        await tx.commit()


async def make(api: Api, playbook: str = "callback") -> dict[str, object]:
    return await api.ok("POST", "/sources", {**new_source("landing"), "playbook": playbook})


async def version(api: Api) -> int:
    found: int = await api.ctx.core.db.pool.fetchval("SELECT version FROM active_playbook")
    return found


@pytest.mark.parametrize(("events", "active"), [([], None), ([activated()], True), ([activated("school")], False)])
async def test_a_new_source_shows_at_once_whether_its_playbook_is_active(
    api: Api, events: list[PlaybookActivatedV2], active: bool | None
) -> None:
    await receive(api, *enumerate(events, 1))
    assert (await make(api))["playbook_active"] is active


async def test_another_desk_s_playbook_says_nothing_of_this_desk(api: Api) -> None:
    await receive(api, (1, activated(desk="other")))
    assert (await make(api))["playbook_active"] is None


async def test_a_mended_playbook_is_seen_in_the_answer_and_in_the_list(api: Api) -> None:
    await receive(api, (1, activated()))
    made = await make(api, "another")
    mended = await api.ok("PATCH", f"/sources/{made['id']}", {"playbook": "callback"}, headers={"if-match": '"1"'})
    assert (made["playbook_active"], mended["playbook_active"]) == (False, True)
    listed = (await api.ok("GET", "/sources"))["items"]
    assert isinstance(listed, list)
    assert [item["playbook_active"] for item in listed] == [True]


@pytest.mark.req("U4")
@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"playbook": "calback"}, ("/playbook", "unknown_playbook", "callback")),
        ({"desk": "demoo", "playbook": "other"}, ("/desk", "unknown_desk", "demo")),
    ],
)
async def test_a_slip_of_the_pen_is_refused_with_the_nearest_name(
    api: Api, given: dict[str, str], fault: tuple[str, str, str]
) -> None:
    await receive(api, (1, activated()))
    refused = await api.call("POST", "/sources", {**new_source("landing"), **given})
    (found,) = refused.json()["errors"]
    assert (refused.status_code, found["pointer"], found["code"]) == (422, *fault[:2])
    assert fault[2] in found["detail"]


@pytest.mark.req("U4")
async def test_a_slip_in_a_change_is_refused_too(api: Api) -> None:
    await receive(api, (1, activated()))
    made = await make(api)
    path, change = f"/sources/{made['id']}", {"playbook": "calback"}
    assert (await api.call("PATCH", path, change, headers={"if-match": '"1"'})).status_code == 422


async def test_an_activation_after_the_source_counts_by_itself(api: Api) -> None:
    made = await make(api)
    await api.hear(activated())
    assert (await api.ok("GET", f"/sources/{made['id']}"))["playbook_active"] is True


FIRST = FirstStatus(code="fresh", title=Text(ru="Свежая", en="Fresh"), stage=Stage.WORKING)


async def test_a_lead_is_born_in_the_first_status_of_its_playbook(api: Api) -> None:
    await receive(api, (1, activated(first_status=FIRST)))
    answer = await api.deliver(await api.source(), order())
    view = await api.ok("GET", f"/leads/{answer['lead_id']}")
    [event] = await api.said(LeadReceivedV2)
    assert (view["status"], view["title"], view["stage"]) == ("fresh", "Свежая", "working")
    assert (event.status, event.title, event.stage) == (FIRST.code, FIRST.title, FIRST.stage)


@pytest.mark.parametrize("seen", [(), (activated(desk="other", first_status=FIRST),), (activated(),)])
async def test_a_lead_whose_playbook_was_not_seen_is_new_and_untitled(
    api: Api, seen: Sequence[PlaybookActivatedV2]
) -> None:
    await receive(api, *enumerate(seen, 1))
    await api.deliver(await api.source(), order())
    [event] = await api.said(LeadReceivedV2)
    assert (event.status, event.title, event.stage) == ("new", None, Stage.NEW)


async def test_a_newer_activation_without_a_status_forgets_the_older_one(api: Api) -> None:
    await receive(api, (1, activated(first_status=FIRST)), (2, activated()))
    await api.deliver(await api.source(), order())
    assert [event.status for event in await api.said(LeadReceivedV2)] == ["new"]


async def test_an_older_event_never_overwrites_a_newer_one(api: Api) -> None:
    await receive(api, (7, activated(version=2)))
    await receive(api, (6, activated(version=1)))
    assert await version(api) == 2


async def test_of_several_in_one_batch_the_newest_counts(api: Api) -> None:
    await receive(api, (1, activated(version=1)), (2, activated(version=2)))
    assert await version(api) == 2


@pytest.mark.req("S2.10", "S4.16")
@pytest.mark.parametrize("together", [True, False])
async def test_buyers_are_called_back_since_the_last_version_that_did_not(api: Api, together: bool) -> None:
    said = [
        activated(version=1, returns_calls=True),
        activated(version=2),
        activated(version=3, returns_calls=True),
    ]
    batch = hourly(*said)
    for events in [batch[:1], batch[1:]] if together else [[each] for each in batch]:
        await apply(api, *events)
    assert await since(api) == NOW + timedelta(hours=3)


@pytest.mark.req("S2.10", "S4.16")
async def test_a_version_that_the_release_before_wrote_calls_no_buyer_back(api: Api) -> None:
    before, *after = hourly(*(activated(version=number, returns_calls=True) for number in (1, 3, 4)))
    await apply(api, before)
    await api.ctx.core.db.pool.execute(WROTE_BEFORE)
    for event in after:
        await apply(api, event._replace(sequence=event.sequence + 1))
    assert await since(api) == NOW + timedelta(hours=2)


def hourly(*said: PlaybookActivatedV2) -> list[Received[EventData]]:
    """Return the events, each an hour and a number after the one before."""
    return [received_of(data)._replace(time=NOW + timedelta(hours=n), sequence=n) for n, data in enumerate(said, 1)]


async def apply(api: Api, *events: Received[EventData]) -> None:
    async with api.ctx.core.db.begin() as tx:
        await project_playbooks(tx, events)
        await tx.commit()


async def since(api: Api) -> datetime | None:
    found: datetime | None = await api.ctx.core.db.pool.fetchval("SELECT returns_calls_since FROM active_playbook")
    return found
