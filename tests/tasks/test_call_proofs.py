"""What telephony knows of calls fills in outcomes, and shows a claim of which it knows nothing (P.11)."""

from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.shared import ContactKind
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, contact, lead_v2, proposal
from tests.tasks.support import START

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def held(desk: Desk) -> Desk:
    """Anna has the call to a customer at noon; the desk has had telephony since the day before."""
    lead = lead_v2("callback", lead_id=UUID(int=5), customer_id=UUID(int=6))
    await desk.receive(contact(at=START - timedelta(days=1)), lead)
    [task] = await desk.tasks()
    await desk.receive(proposal(task.task_id, lead.lead_id))
    return desk


def talk(desk: Desk, **changes: object) -> ContactRecorded:
    said = {"kind": ContactKind.CALL_OUT, "at": desk.clock.now(), "duration": 30, "operator_id": ANNA_ID}
    return contact(**{"lead_id": UUID(int=5), "customer_id": UUID(int=6), **said, **changes})


async def ended(desk: Desk, api: Api, call_made: bool | None = True) -> Json:
    task = await api.task(UUID(int=5))
    answer = await api.outcome(task, "no_answer", call_made=call_made, problem="busy")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def unproved(api: Api, flag: str = "true") -> list[str]:
    params = {"call_unproved": flag, "state": "deferred"}
    found = (await api.call("GET", "/tasks", role="supervisor", params=params)).json()["items"]
    assert all(each["call_unproved"] is (flag == "true") for each in found)
    return [each["id"] for each in found]


@pytest.mark.req("P.11")
async def test_a_claimed_call_without_a_record_is_shown_until_a_late_record_comes(held: Desk, api: Api) -> None:
    task = await ended(held, api)
    at_once = await unproved(api)
    held.clock.advance(6 * MINUTE)
    later = await unproved(api)
    await held.receive(talk(held, at=START - MINUTE, duration=90))
    assert (at_once, later, await unproved(api), await unproved(api, "false")) == (
        [],
        [task["id"]],
        [],
        [task["id"]],
    )


@pytest.mark.req("P.11")
@pytest.mark.parametrize(
    ("said", "proves"),
    [
        ({"operator_id": None}, True),
        ({"operator_id": None, "lead_id": None}, True),  # of the same customer
        ({"operator_id": BORIS_ID}, False),
        ({"kind": ContactKind.MISSED, "duration": None}, False),
        ({"lead_id": UUID(int=8), "customer_id": UUID(int=9)}, False),
        ({"at": START - MINUTE, "duration": 30}, False),  # over before the task was opened
        ({"at": START - MINUTE, "duration": None}, True),  # its end is not known yet
    ],
)
async def test_a_call_proves_an_outcome_of_its_own_operator_customer_and_time(
    held: Desk, api: Api, said: dict[str, object], proves: bool
) -> None:
    await held.receive(talk(held, **said))
    await ended(held, api)
    held.clock.advance(6 * MINUTE)
    assert bool(await unproved(api)) is not proves


@pytest.mark.req("P.11")
async def test_a_desk_without_telephony_claims_nothing_in_vain(desk: Desk, api: Api) -> None:
    lead = lead_v2("callback", lead_id=UUID(int=5))
    await desk.receive(lead)
    [task] = await desk.tasks()
    await desk.receive(proposal(task.task_id, lead.lead_id))
    await ended(desk, api)
    desk.clock.advance(6 * MINUTE)
    assert await unproved(api) == []


@pytest.mark.req("P.11", "S1.7")
async def test_a_recorded_call_fills_in_what_the_outcome_does_not_say(held: Desk, api: Api) -> None:
    await held.receive(talk(held))
    held.clock.advance(MINUTE)
    assert (await ended(held, api, call_made=None))["call_made"] is True
    # The call of this attempt is none of the next.
    held.clock.advance(20 * MINUTE)
    task = await api.task(UUID(int=5))
    await held.receive(proposal(UUID(task["id"]), UUID(int=5), task["version"]))
    again = await api.outcome(await api.task(UUID(int=5)), "no_answer", problem="busy")
    assert [fault["code"] for fault in again.json()["errors"]] == ["call_required"]
