"""A message that failed because its template was not approved is sent again, once, by a supervisor (U5)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from deploy.standins.faults import Failure, Mode
from libs.common.contracts.notifications import (
    MessageDelivered,
    MessageFailed,
    MessageRead,
    MessageSent,
    MessageStep,
)
from libs.common.contracts.shared import Customer
from libs.common.platform.db import Database
from services.notifications.webhooks.actions import apply_callbacks
from tests.notifications.api import Api, running_api
from tests.notifications.support import BODIES, DESK, Desk, callback, open_desk, requested, withdrawn, worker

LATE = {"desk": DESK, "code": "late", "bodies": BODIES}


@pytest_asyncio.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        yield opened


@pytest_asyncio.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    async with running_api(desk.db, desk.url) as running:
        yield running


async def approve(api: Api) -> None:
    version = (await api.call("POST", "/templates", LATE)).json()["version"]
    answer = await api.call("POST", f"/templates/late/versions/{version}/approve")
    assert answer.is_success, answer.text


@pytest.mark.req("U5")
async def test_once_its_template_is_approved_it_is_sent_and_says_who_asked(desk: Desk, api: Api) -> None:
    message = requested(template="late")
    await desk.request(message)
    await approve(api)
    answer = await api.call("POST", f"/messages/{message.message_id}/resend", role="supervisor")
    sent = answer.json()
    assert (answer.status_code, sent["state"], sent["code"], sent["template_version"]) == (200, "pending", None, 1)
    assert (sent["resent_by"], sent["resent_at"] is not None, len(sent["attempts"])) == ("supervisor", True, 1)


@pytest.mark.req("U5")
async def test_it_is_sent_again_once_however_often_and_at_once_it_is_asked_for(desk: Desk, api: Api) -> None:
    message = requested(template="late")
    await desk.request(message)
    await approve(api)
    path = f"/messages/{message.message_id}/resend"
    answers = await asyncio.gather(*(api.call("POST", path, role="supervisor") for _ in range(4)))
    found = (await api.call("GET", f"/messages/{message.message_id}")).json()
    assert (sorted(each.status_code for each in answers), len(found["attempts"])) == ([200, 409, 409, 409], 1)


@pytest.mark.req("U5")
async def test_the_same_key_gets_the_first_answer_again(desk: Desk, api: Api) -> None:
    message = requested(template="late")
    await desk.request(message)
    await approve(api)
    path = f"/messages/{message.message_id}/resend"
    first, again = [await api.call("POST", path, role="supervisor", idempotency_key="k") for _ in range(2)]
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")


@pytest.mark.req("U5")
async def test_what_would_fail_again_is_refused_and_may_be_tried_later(desk: Desk, api: Api) -> None:
    message = requested(template="late")
    await desk.request(message)
    path = f"/messages/{message.message_id}/resend"
    refused = await api.call("POST", path, role="supervisor", idempotency_key="k")
    await approve(api)
    sent = await api.call("POST", path, role="supervisor", idempotency_key="k2")
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"], sent.status_code) == (
        409, "message_not_resendable", "template_not_approved", 200,
    )  # fmt: skip


@pytest.mark.req("U5")
async def test_a_message_that_is_not_wanted_any_more_is_not_sent(desk: Desk, api: Api) -> None:
    message = requested(template="late")
    await desk.request(message, withdrawn(message))
    await approve(api)
    answer = await api.call("POST", f"/messages/{message.message_id}/resend", role="supervisor")
    assert (answer.status_code, answer.json()["reason"]) == (409, "withdrawn")


@pytest.mark.req("U5", "P.6")
@pytest.mark.parametrize(("role", "of", "status"), [("operator", DESK, 403), ("supervisor", "other", 404)])
async def test_only_a_supervisor_of_the_desk_sends_again(
    desk: Desk, api: Api, role: str, of: str, status: int
) -> None:
    message = requested(template="late")
    await desk.request(message)
    answer = await api.call("POST", f"/messages/{message.message_id}/resend", role=role, desk=of)
    assert answer.status_code == status


@pytest.mark.req("U5")
async def test_what_is_sent_again_reaches_the_customer_and_publishes_its_steps(desk: Desk, api: Api) -> None:
    message = requested(template="late")
    await desk.request(message)
    await approve(api)
    async with worker(desk.context()):
        await api.call("POST", f"/messages/{message.message_id}/resend", role="supervisor")
        await desk.until("read")
    steps = [event.event_type for event in await desk.events() if isinstance(event, MessageStep)]
    wanted = [step.event_type for step in (MessageFailed, MessageSent, MessageDelivered, MessageRead)]
    assert (steps, await desk.accepted()) == (wanted, 1)


@pytest.mark.req("S4.13")
async def test_what_failed_reaches_the_customer_once_the_address_is_corrected(desk: Desk, api: Api) -> None:
    message = requested(person=Customer(name="Анна", phone="+79000000000"))
    desk.standin.dice.failures.append(Failure(Mode.CODE, "BAD_CONTACT"))
    async with worker(desk.context()):
        await desk.request(message)
        await desk.until("failed")
        answer = await api.call(
            "POST", f"/messages/{message.message_id}/resend", {"to": "8 900 000-00-01"}, role="supervisor"
        )
        await desk.until("read")
    shown = (await api.call("GET", f"/messages/{message.message_id}")).json()
    steps = [event.event_type for event in await desk.events() if isinstance(event, MessageStep)]
    assert (answer.status_code, shown["resent_by"], len(shown["attempts"])) == (200, "supervisor", 2)
    assert steps == [step.event_type for step in (MessageFailed, MessageSent, MessageDelivered, MessageRead)]


async def readdressed(desk: Desk, api: Api) -> str:
    """Send what the provider had accepted, and then failed, to another address; return its old id there."""
    message = requested(person=Customer(name="Анна", phone="+79000000000"))
    desk.standin.dice.failures.append(Failure(Mode.STATUS, "BAD_CONTACT"))
    async with worker(desk.context()):
        await desk.request(message)
        await desk.until("failed")
    (old,) = [row[0] for row in await desk.rows("SELECT provider_message_id FROM attempt")]
    body = {"to": "8 900 000-00-01"}
    answer = await api.call("POST", f"/messages/{message.message_id}/resend", body, role="supervisor")
    assert answer.is_success, answer.text
    return str(old)


@pytest.mark.req("S4.13")
@pytest.mark.parametrize("late", ["delivered", "error"])
async def test_what_is_said_late_of_the_old_address_decides_nothing_of_the_new_one(
    desk: Desk, api: Api, late: str
) -> None:
    old = await readdressed(desk, api)
    said = {"messageId": old, "timestamp": "2026-03-02T09:00:00.000Z", "status": late}
    error = {"error": {"error": "BAD_CONTACT", "description": ""}} if late == "error" else {}
    await callback(desk.db, {"statuses": [{**said, **error}]})
    await apply_callbacks(desk.db, 10, datetime.now(UTC))
    assert (set((await desk.states()).values()), await desk.attempts()) == ({"pending"}, ["refused", "pending"])


@pytest.mark.req("S4.13")
async def test_at_the_new_address_an_error_that_may_pass_is_tried_again_as_at_any(desk: Desk, api: Api) -> None:
    await readdressed(desk, api)
    desk.standin.dice.failures.append(Failure(Mode.STATUS, "GENERAL_ERROR"))
    async with worker(desk.context()):
        await desk.until("read")
    assert await desk.attempts() == ["refused", "refused", "accepted"]


@pytest.mark.req("S4.13")
@pytest.mark.parametrize(("to", "reason"), [("anna@example.com", "no_address"), ("123", "no_address")])
async def test_an_address_that_its_channel_cannot_use_is_refused(
    desk: Desk, api: Api, to: str, reason: str
) -> None:
    message = requested()
    desk.standin.dice.failures.append(Failure(Mode.CODE, "BAD_CONTACT"))
    async with worker(desk.context()):
        await desk.request(message)
        await desk.until("failed")
    answer = await api.call("POST", f"/messages/{message.message_id}/resend", {"to": to}, role="supervisor")
    assert (answer.status_code, answer.json()["reason"]) == (409, reason)


@pytest.mark.req("S4.13")
async def test_what_is_under_way_is_not_sent_to_another_address(desk: Desk, api: Api) -> None:
    message = requested()
    await desk.request(message)
    path, body = f"/messages/{message.message_id}/resend", {"to": "+79000000002"}
    answer = await api.call("POST", path, body, role="supervisor")
    assert (answer.status_code, answer.json()["reason"], len(await desk.attempts())) == (409, "pending", 1)
