"""The release before this one, stopped in the middle of its work: this one takes over, and every lead ends."""

from collections import Counter
from contextlib import closing
from dataclasses import replace

import asyncpg
import pytest

from deploy.standins.wazzup.accounts import DEMO_KEY
from libs.common.contracts import OWNERS
from tests.support.checks import violations
from tests.support.facts import Facts
from tests.upgrade.upgraded import Upgrade

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

ASSIGNED = "dozvon.task.assigned.v1"
RELEASED = "dozvon.task.released.v1"
UNHEARD = (
    "SELECT count(*) FROM tasks.operator WHERE presence IS NULL",
    "SELECT count(*) FROM assignment.pool p WHERE NOT EXISTS (SELECT FROM tasks.pool t WHERE t.id = p.id)",
)
# Whether tasks has published it whole, and intake knows that the texts of before call no buyer back.
RETURNED_CALLS = """
SELECT a.code, a.announced_whole = a.version, p.version = a.version AND p.returns_calls_since IS NULL
FROM tasks.playbook_activation a LEFT JOIN intake.active_playbook p USING (desk, code) ORDER BY 1
"""
KEPT = ("intake.source", "notifications.channel", "intake.idempotency", "notifications.idempotency")
PARKED = "SELECT state, count(*) AS events FROM {}.parked GROUP BY state"


def without_poison(upgrade: Upgrade) -> Facts:
    """The facts without the event that no service of ours has sent."""
    events = [event for event in upgrade.facts.events if event.event_id != upgrade.manifest.poison]
    return replace(upgrade.facts, events=events)


async def test_the_frozen_release_was_stopped_in_every_state(upgrade: Upgrade) -> None:
    assert list(upgrade.missing) == []
    assert {group for group, count in upgrade.unread_before.items() if count} == set(OWNERS)


@pytest.mark.req("P.1")
async def test_every_lead_of_the_frozen_release_gets_to_its_end(upgrade: Upgrade) -> None:
    ends = {}
    for name, lead_id in upgrade.ends.lead_ids.items():
        head = await upgrade.people.get("/tasks/v1/timeline", lead_id=lead_id)
        messages = await upgrade.people.items("/notifications/v1/messages", lead_id=lead_id)
        ends[name] = (head["status"], messages[-1]["state"])
    assert ends == {lead.name: (lead.status, lead.message) for lead in upgrade.manifest.leads}


@pytest.mark.req("P.1")
async def test_an_upgrade_breaks_no_promise(upgrade: Upgrade) -> None:
    assert violations(without_poison(upgrade)) == []


async def test_nothing_is_open_unsent_or_unread(upgrade: Upgrade) -> None:
    active = [task.task_id for task in upgrade.facts.tasks if task.state == "active"]
    assert (active, upgrade.facts.live, set(upgrade.unread.values())) == ([], frozenset(), {0})


async def test_nothing_stays_parked_but_what_was_discarded(upgrade: Upgrade) -> None:
    conn = await asyncpg.connect(upgrade.stack.database.admin_url)
    try:
        rows = [row for owner in OWNERS for row in await conn.fetch(PARKED.format(owner))]
    finally:
        await conn.close()
    assert {row["state"]: row["events"] for row in rows if row["state"] != "done"} == {"discarded": 1}


async def test_no_task_is_assigned_twice_unless_released_and_no_message_accepted_twice(upgrade: Upgrade) -> None:
    assigned, released = (
        Counter(event.body["task_id"] for event in upgrade.facts.events if event.type == kind)
        for kind in (ASSIGNED, RELEASED)
    )
    with closing(upgrade.stack.journal()) as journal:
        assert journal.twice() == []
    assert set(assigned) == {str(task.task_id) for task in upgrade.facts.tasks}
    assert set((assigned - released).values()) == {1}


async def test_what_lay_with_who_had_left_went_to_others(upgrade: Upgrade) -> None:
    ivan = await upgrade.people.operator("ivan")
    left = [event.body for event in upgrade.facts.events if event.type == RELEASED]
    assert {(body["operator_id"], body["reason"]) for body in left} == {(ivan, "off_shift")}


async def test_tasks_knows_where_operators_are_and_what_pools_say(upgrade: Upgrade) -> None:
    conn = await asyncpg.connect(upgrade.stack.database.admin_url)
    try:
        unknown = [await conn.fetchval(statement) for statement in UNHEARD]
    finally:
        await conn.close()
    assert unknown == [0, 0]


async def test_intake_hears_of_every_active_playbook_whether_it_calls_buyers_back(upgrade: Upgrade) -> None:
    conn = await asyncpg.connect(upgrade.stack.database.admin_url)
    try:
        found = await conn.fetch(RETURNED_CALLS)
    finally:
        await conn.close()
    assert [tuple(row) for row in found] == [(code, True, True) for code in ("callback", "school", "survey")]


async def test_each_timeline_holds_every_event_of_its_lead(upgrade: Upgrade) -> None:
    untold = []
    for name, lead_id in upgrade.ends.lead_ids.items():
        told = await upgrade.people.get("/tasks/v1/timeline", lead_id=lead_id)
        steps = {step["id"] for step in told["items"]}
        happened = [event for event in without_poison(upgrade).events if event.key == f"lead:{lead_id}"]
        untold += [f"{name}: {event.type}" for event in happened if event.event_id not in steps]
    assert untold == []


@pytest.mark.req("P.2")
async def test_what_was_done_before_the_upgrade_is_not_done_again(upgrade: Upgrade) -> None:
    assert upgrade.ends.replayed
    assert upgrade.ends.repeated["disposition"] == "repeat"
    assert upgrade.ends.repeated["lead_id"] == upgrade.manifest.lead("taken").lead_id


async def test_playbooks_that_were_active_before_the_upgrade_are_known_to_the_sources(upgrade: Upgrade) -> None:
    sources = await upgrade.people.items("/intake/v1/sources")
    assert {source["code"]: source["playbook_active"] for source in sources} == dict.fromkeys(
        upgrade.people.sources, True
    )


async def test_first_statuses_of_playbooks_active_before_the_upgrade_become_known(
    upgrade: Upgrade,
) -> None:
    conn = await asyncpg.connect(upgrade.stack.database.admin_url)
    try:
        rows = await conn.fetch("SELECT code, first_status FROM intake.active_playbook")
    finally:
        await conn.close()
    assert {row["first_status"] for row in rows} == {"new"}


async def test_no_secret_that_was_kept_plain_is_left_plain(upgrade: Upgrade) -> None:
    secrets = {DEMO_KEY, *(source.token for source in upgrade.manifest.sources.values())}
    conn = await asyncpg.connect(upgrade.stack.database.admin_url)
    try:
        rows = [row["kept"] for table in KEPT for row in await conn.fetch(f"SELECT t::text AS kept FROM {table} t")]
    finally:
        await conn.close()
    assert [secret for secret in secrets for row in rows if secret in row] == []
    assert len([row for row in rows if "v1.tests." in row]) == len(upgrade.manifest.sources) + 1


async def test_numbers_go_on_where_they_were(upgrade: Upgrade) -> None:
    numbers = {}
    for name in ("in-outbox", "quarantined"):
        head = await upgrade.people.get("/tasks/v1/timeline", lead_id=upgrade.ends.lead_ids[name])
        numbers[name] = int(head["order_number"])
    assert numbers["quarantined"] > numbers["in-outbox"]


async def test_a_shift_that_was_over_stays_over(upgrade: Upgrade) -> None:
    operator_id = await upgrade.people.operator("ivan")
    shifts = await upgrade.people.items("/assignment/v1/shifts", operator_id=operator_id)
    assert [shift["ended_at"] is not None for shift in shifts] == [False, True]
