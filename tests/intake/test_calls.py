"""Calls that we start: dialled once in any case; what became of them is said by the exchange's events."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import cast

import pytest

from deploy.standins.faults import GATEWAY, KIND, Failure, Mode
from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.shared import ContactKind
from libs.common.platform import faultpoints
from libs.common.platform.db import Database
from tests.intake.api import order
from tests.intake.exchange import Exchange, faults, open_exchange
from tests.support.patience import eventually

pytestmark = pytest.mark.servers
MUTE = replace(KIND, lose_callback=1.0)
LOST = [Failure(Mode.LOSE, ""), Failure(Mode.HANG, "1.5"), Failure(Mode.HTTP_ACCEPTED, "502")]


@pytest.fixture
async def line(intake_db: Database) -> AsyncIterator[Exchange]:
    async with open_exchange(intake_db) as opened:
        yield opened


async def recorded(line: Exchange, kind: ContactKind = ContactKind.CALL_OUT) -> ContactRecorded:
    """Return the last report of a call that has ended."""
    found = await eventually(
        lambda: line.api.said(ContactRecorded),
        lambda events: any(each.kind is kind and each.duration is not None for each in events),
    )
    return found[-1]


async def crash_after_the_answer(line: Exchange, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Start a call and die between the exchange's answer and its record."""

    def die(_: str) -> None:
        raise asyncio.CancelledError

    view = await line.call()
    with monkeypatch.context() as patch:
        patch.setattr(faultpoints, "reach", die)
        async with line.worker():
            await eventually(lambda: _read(line), lambda dialled: len(dialled) == 1)
            await asyncio.sleep(0.1)
    return view


async def _read(line: Exchange) -> list[str | None]:
    return line.dialled


async def _leg(line: Exchange) -> object:
    return await line.db.pool.fetchval("SELECT leg FROM call WHERE kind = 'dial'")


async def _halted(line: Exchange) -> bool:
    return bool(await line.db.pool.fetchval("SELECT count(*) FROM exchange WHERE halted_at IS NOT NULL"))


@pytest.mark.req("P.11")
async def test_a_call_of_a_lead_is_a_contact_of_that_lead_with_its_length(line: Exchange) -> None:
    lead_id = await line.lead()
    async with line.worker():
        view = await line.call(lead_id=lead_id, phone=None)
        contact = await recorded(line)
        shown = await eventually(partial(line.shown, view), lambda shown: shown["contact_id"] is not None)
    assert (str(contact.lead_id), contact.duration, contact.extension) == (lead_id, 30, "101")
    assert (line.dialled, shown["contact_id"]) == ([view["id"]], str(contact.contact_id))


@pytest.mark.req("P.14", "P.11")
async def test_a_call_of_a_lead_says_of_us_what_its_source_says(line: Exchange) -> None:
    url = await line.api.source(call_label="Школа: заказ")
    lead_id = (await line.api.deliver(url, order(phone="+79161234567")))["lead_id"]
    async with line.worker():
        labelled = await line.call(lead_id=lead_id, phone=None)
        plain = await line.call(phone="+79161234568", extension="102")
        await line.until(labelled, "accepted")
        await line.until(plain, "accepted")
    assert (labelled["call_label"], plain["call_label"]) == ("Школа: заказ", None)
    assert line.standin.names == {labelled["id"]: "Школа заказ", plain["id"]: None}


async def test_a_customer_who_does_not_answer_was_called_for_no_time(line: Exchange) -> None:
    async with line.worker():
        await line.call(phone="+79161239999")
        contact = await recorded(line)
    assert (contact.kind, contact.duration) == (ContactKind.CALL_OUT, 0)


@pytest.mark.req("P.11")
@pytest.mark.parametrize("failure", LOST)
async def test_a_lost_answer_is_settled_by_the_events_and_never_dialled_again(
    line: Exchange, failure: Failure
) -> None:
    line.standin.dice.failures.append(failure)
    async with line.worker():
        view = await line.call()
        await line.until(view, "accepted")
        await recorded(line)
    assert line.dialled == [view["id"]]


@pytest.mark.parametrize("failure", LOST)
async def test_without_answer_and_events_a_call_is_unknown_and_never_dialled_again(
    line: Exchange, failure: Failure
) -> None:
    line.standin.dice.profile = MUTE
    line.standin.dice.failures.append(failure)
    async with line.worker():
        view = await line.call()
        await line.until(view, "unknown")
    assert line.dialled == [view["id"]]


async def test_a_worker_killed_between_call_and_record_never_dials_twice(
    line: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.standin.dice.profile = MUTE
    view = await crash_after_the_answer(line, monkeypatch)
    assert (await line.shown(view))["state"] == "sending"
    async with line.worker():
        await line.until(view, "unknown")
    assert line.dialled == [view["id"]]


async def test_events_end_the_doubt_that_a_killed_worker_left(
    line: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await crash_after_the_answer(line, monkeypatch)
    await line.until(view, "accepted")
    async with line.worker():
        await recorded(line)
    assert line.dialled == [view["id"]]


async def test_while_a_call_is_in_doubt_the_same_call_is_refused(line: Exchange) -> None:
    line.standin.dice.profile = MUTE
    line.standin.dice.failures.append(Failure(Mode.LOSE, ""))
    asked = {"desk": "demo", "source": "line", "extension": "101", "phone": "8 916 123-45-67"}
    async with line.worker():
        view = await line.call()
        await line.until(view, "waiting")
        again = await line.api.call("POST", "/calls", asked)
    assert (again.status_code, again.json()["code"], again.json()["existing"]) == (
        409,
        "call_under_way",
        view["id"],
    )


async def test_one_click_made_twice_at_once_is_one_call(line: Exchange) -> None:
    asked = {"desk": "demo", "source": "line", "extension": "101", "phone": "+79161234567"}
    answers = await asyncio.gather(*(line.api.call("POST", "/calls", asked) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]


@pytest.mark.req("P.2")
async def test_a_repeat_by_its_key_is_answered_as_the_first(line: Exchange) -> None:
    asked = {"desk": "demo", "source": "line", "extension": "101", "phone": "+79161234567"}
    headers = {"idempotency-key": "click-0001"}
    answers = [await line.api.call("POST", "/calls", asked, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert await line.api.count("call") == 1


@pytest.mark.parametrize(
    ("failure", "code"), [(Failure(Mode.CODE, "3200"), "3200"), (Failure(Mode.HTTP, "400"), "HTTP_400")]
)
async def test_a_refusal_ends_the_call_with_its_code(line: Exchange, failure: Failure, code: str) -> None:
    line.standin.dice.failures.append(failure)
    async with line.worker():
        shown = await line.until(await line.call(), "refused")
    assert (shown["code"], line.dialled) == (code, [])


async def test_a_refusal_that_comes_as_an_event_ends_the_call_too(line: Exchange) -> None:
    line.standin.dice.failures.append(Failure(Mode.STATUS, "4001"))
    async with line.worker():
        view = await line.call()
        shown = await line.until(view, "refused")
    assert (shown["code"], shown["contact_id"]) == ("4001", None)


async def test_a_refused_key_halts_the_exchange_until_its_source_is_changed(line: Exchange) -> None:
    line.standin.dice.failures.append(Failure(Mode.TOKEN, ""))
    asked = {"desk": "demo", "source": "line", "extension": "102", "phone": "+79161234567"}
    async with line.worker():
        await line.call()
        await eventually(lambda: _halted(line), bool)
        answer = await line.api.call("POST", "/calls", asked)
    [source] = cast("list[dict[str, object]]", (await line.api.ok("GET", "/sources"))["items"])
    await line.api.ok(
        "PATCH", f"/sources/{source['id']}", {"active": True}, headers={"if-match": f'"{source["version"]}"'}
    )
    again = await line.api.call("POST", "/calls", {**asked, "extension": "103"})
    assert (answer.json()["code"], answer.json()["reason"], again.status_code) == (
        "exchange_halted",
        "HTTP_401",
        201,
    )


async def test_a_call_that_comes_too_late_is_not_made(line: Exchange) -> None:
    view = await line.call()
    await line.db.pool.execute("UPDATE call SET expires_at = $1", line.api.clock.now())
    async with line.worker():
        shown = await line.until(view, "refused")
    assert (shown["code"], line.dialled) == ("too_late", [])


@pytest.mark.req("S3.16")
async def test_a_call_in_which_people_talk_is_passed_on(line: Exchange) -> None:
    async with line.worker():
        view = await line.call()
        await eventually(lambda: _leg(line), bool)
        passed = await line.api.ok("POST", f"/calls/{view['id']}/transfer", {"extension": "102"})
        await line.until(passed, "accepted")
    transfer = line.standin.journal.entries[list(line.standin.journal.entries)[-1]]
    assert (passed["kind"], passed["of_id"], transfer.chat_id) == ("transfer", view["id"], "102")


@pytest.mark.req("P.14", "S3.16")
async def test_a_call_that_is_passed_on_has_no_label(line: Exchange) -> None:
    url = await line.api.source(call_label="Школа: заказ")
    lead_id = (await line.api.deliver(url, order(phone="+79161234567")))["lead_id"]
    async with line.worker():
        view = await line.call(lead_id=lead_id, phone=None)
        await eventually(lambda: _leg(line), bool)
        passed = await line.api.ok("POST", f"/calls/{view['id']}/transfer", {"extension": "102"})
        await line.until(passed, "accepted")
    shown = [(await line.shown(each))["call_label"] for each in (view, passed)]
    assert (passed["lead_id"], shown) == (lead_id, ["Школа: заказ", None])


async def test_a_call_in_which_no_one_talks_yet_cannot_be_passed_on(line: Exchange) -> None:
    view = await line.call()
    answer = await line.api.call("POST", f"/calls/{view['id']}/transfer", {"extension": "102"})
    assert (answer.status_code, answer.json()["code"]) == (409, "call_not_connected")


@pytest.mark.req("P.11")
async def test_a_call_rings_at_the_operator_s_own_telephone_unless_another_is_named(line: Exchange) -> None:
    asked = {"desk": "demo", "source": "line", "phone": "+79161234567"}
    unknown = await line.api.call("POST", "/calls", asked)
    await line.api.hire("ann", extension="104")
    views = [await line.api.ok("POST", "/calls", {**asked, **more}) for more in ({}, {"extension": "105"})]
    assert [fault["code"] for fault in unknown.json()["errors"]] == ["no_extension"]
    assert [view["extension"] for view in views] == ["104", "105"]


@pytest.mark.parametrize(
    ("members", "fault"),
    [({"phone": "12"}, ("/phone", "no_number")), ({"source": "landing"}, ("/source", "no_exchange"))],
)
async def test_what_cannot_be_called_is_named(
    line: Exchange, members: dict[str, object], fault: tuple[str, str]
) -> None:
    await line.api.source()
    asked = {"desk": "demo", "source": "line", "extension": "101", "phone": "+79161234567", **members}
    answer = await line.api.call("POST", "/calls", asked)
    assert (answer.status_code, faults(answer.json())) == (422, [fault])


@pytest.mark.req("P.6")
async def test_another_desk_starts_and_sees_no_call(line: Exchange) -> None:
    view = await line.call()
    asked = {"desk": "demo", "source": "line", "extension": "101", "phone": "+79161234567"}
    started = await line.api.call("POST", "/calls", asked, role="operator", desks=["other"])
    seen = await line.api.call("GET", f"/calls/{view['id']}", role="supervisor", desks=["other"])
    assert (started.status_code, seen.status_code) == (404, 404)


async def test_a_nasty_exchange_dials_each_call_once_and_every_call_ends(intake_db: Database) -> None:
    nasty = replace(
        GATEWAY, lose_answer=0.2, fail_accepted=0.2, answer_least=0.0, answer_delay=0.05, callback_delay=0.1
    )
    async with open_exchange(intake_db, nasty) as line, line.worker():
        views = [await line.call(phone=f"+7916123{n:04d}") for n in range(1, 31)]
        for view in views:
            await eventually(partial(line.shown, view), lambda shown: shown["contact_id"] is not None)
        states = {str((await line.shown(view))["state"]) for view in views}
    assert (states, sorted(map(str, line.dialled))) == ({"accepted"}, sorted(str(view["id"]) for view in views))
