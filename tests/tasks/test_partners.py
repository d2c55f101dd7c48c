"""Partners in tasks: the projection of their cards, processes about them, and requests of other processes."""

from uuid import UUID

import pytest

from libs.common.contracts import intake, tasks
from libs.common.contracts.shared import ChangeTarget, Customer
from libs.common.platform.ids import uuid7
from services.tasks.partners.store import read_partners
from tests.tasks.client import Api
from tests.tasks.desk import Desk, key_of, lead_v2, proposal
from tests.tasks.subjects import CARE
from tests.tasks.support import TINY
from tests.tasks.visits import PARTNER_ID, partner

#: A process about a partner, which begins with their card and hears of its changes.
KNOW = """\
playbook: know
title: {ru: Знакомство, en: Getting to know}
subject: partner
starts_on: [partner_changed]
fallback: greet
statuses: {}
lanes: {new: {title: {ru: Новые, en: New}, priority: 1, holder: nobody}}
messages: {hello: {template: hello, to: partner}}
task_types:
  greet:
    title: {ru: Познакомиться, en: Greet}
    role: operator
    pool: callback
    mode: pull
    lane: new
    due: 5m
    outcomes: {done: {title: {ru: Сделано, en: Done}, result: completed, then: [end: true]}}
on:
  started: [then: [open: greet, message: hello]]
  partner_changed: [then: [message: hello]]
"""


async def test_the_newest_card_of_a_partner_is_kept(desk: Desk) -> None:
    newer, older = desk.event(partner(address="новый")), desk.event(partner(address="старый"))
    newer, older = newer._replace(sequence=9), older._replace(sequence=8)
    await desk.apply([newer])
    await desk.apply([older])
    async with desk.ctx.db.pool.acquire() as conn:
        assert [card.address for card in (await read_partners(conn, [PARTNER_ID])).values()] == ["новый"]


async def test_a_partner_s_card_starts_their_process_which_hears_of_changes(desk: Desk) -> None:
    await desk.activate_playbook(KNOW)
    await desk.receive(partner())
    await desk.receive(partner(version=2, person=Customer(phone="+79990000078")))
    said = await desk.sent(tasks.MessageRequested)
    assert [(message.person.phone, message.language, message.zone) for message in said] == [
        ("+79990000077", "en", "Asia/Omsk"), ("+79990000078", "en", "Asia/Omsk"),
    ]  # fmt: skip


REFUSED = "  change_refused: [then: [note: {ru: Отказано, en: Refused}]]\n"


async def test_a_process_of_a_customer_asks_for_their_name_and_hears_the_refusal(desk: Desk, api: Api) -> None:
    asking = CARE.replace("result: completed\n", "result: completed\n        fields: {words: text}\n").replace(
        "note: {ru: Ждём, en: We wait}", "customer: {name: words}"
    )
    await desk.activate_playbook(asking + REFUSED)
    who = uuid7()
    await desk.receive(intake.CustomerChanged(customer_id=who, version=1, person=Customer(phone="+79990000001")))
    (opened,) = await desk.tasks()
    task = (await api.call("POST", f"/tasks/{opened.task_id}/take")).json()
    await api.outcome(task, "done", fields={"words": "Анна"})
    (asked,) = await desk.sent(tasks.ChangeRequested)
    assert (asked.target, asked.target_id, asked.person) == (
        ChangeTarget.CUSTOMER_FIELDS, who, Customer(name="Анна"),
    )  # fmt: skip
    refused = intake.ChangeRefused(
        request_id=asked.request_id, target=asked.target, target_id=who, customer_id=who, code="identity_taken",
        current_version=1,
    )  # fmt: skip
    await desk.receive(refused)
    assert await notes(desk) == [who]


async def notes(desk: Desk) -> list[UUID]:
    """The subjects in whose timelines a note stands."""
    rows = await desk.ctx.db.pool.fetch(
        "SELECT coalesce(lead_id, subject_id) AS id FROM timeline_entry WHERE kind = 'note'"
    )
    return [row["id"] for row in rows]


async def test_a_request_is_known_by_its_event_s_id(desk: Desk) -> None:
    asking = TINY.replace("- status: new", "- order: confirmed")
    await desk.activate_playbook(asking)
    await desk.lead("tiny")
    (asked,) = await desk.sent(tasks.ChangeRequested)
    row = await desk.ctx.db.pool.fetchrow("SELECT event_id, key FROM outbox WHERE type = $1", asked.event_type)
    assert row is not None
    assert (row["event_id"], row["key"]) == (asked.request_id, key_of(asked))


async def test_only_the_process_that_asked_hears_of_the_refusal(desk: Desk) -> None:
    note = "  change_refused: [then: [note: {ru: Первый, en: First}]]\n"
    main = TINY.replace("- status: new", "- start: second\n        - order: confirmed") + note
    second = TINY.replace("playbook: tiny", "playbook: second").replace("lead_received:", "started:")
    await desk.activate_playbook(second.replace("- status: new", "- order: refused") + REFUSED)
    await desk.activate_playbook(main)
    lead_id = await desk.lead("tiny")
    (asked,) = [m for m in await desk.sent(tasks.ChangeRequested) if m.values == {"status": "refused"}]
    await desk.receive(
        intake.ChangeRefused(
            request_id=asked.request_id, target=asked.target, target_id=asked.target_id, lead_id=lead_id,
            code="stale_version", current_version=2,
        )
    )  # fmt: skip
    rows = await desk.ctx.db.pool.fetch("SELECT facts FROM timeline_entry WHERE kind = 'note'")
    assert [row["facts"]["text"]["en"] for row in rows] == ["Refused"]


@pytest.mark.req("P.3")
async def test_a_move_and_an_owner_name_the_customer(desk: Desk, api: Api) -> None:
    lead = lead_v2("callback")
    await desk.receive(lead)
    (work,) = await desk.sent(tasks.WorkRequested)
    await desk.receive(proposal(work.task_id, lead.lead_id, work.task_version))
    task = await api.task(lead.lead_id)
    body = {"comment": "занята"}
    await api.call("POST", f"/tasks/{task['id']}/release", json=body, version=task["version"])
    moves: list[tasks.TaskAssigned | tasks.TaskReleased] = [
        *await desk.sent(tasks.TaskAssigned), *await desk.sent(tasks.TaskReleased),
    ]  # fmt: skip
    assert {type(event).__name__ for event in moves} == {"TaskAssigned", "TaskReleased"}
    assert {event.customer_id for event in moves} == {lead.customer_id}
