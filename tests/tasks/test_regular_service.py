"""What comes again and again: a timer that is set anew, once after a gap, until its process ends (S3.9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import ContactKind
from libs.common.contracts.tasks import MessageRequested
from libs.common.platform.ids import uuid7
from services.tasks.engine.moments import next_time
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, contact
from tests.tasks.subjects import customer_changed
from tests.tasks.support import START

SERVICE = Path("tests/tasks/regular_service.yaml").read_text(encoding="utf-8")
DAY, HALF = timedelta(days=1), timedelta(days=180)


@dataclass
class Vehicle:
    """A customer whose vehicle is serviced again and again."""

    desk: Desk
    api: Api
    customer_id: UUID

    async def open(self) -> list[Json]:
        answer = await self.api.call("GET", "/tasks", role="admin", params={"state": "active"})
        found: list[Json] = answer.json()["items"]
        return found

    async def end(self, outcome: str, **fields: object) -> None:
        """End the invitation as a supervisor does."""
        (task,) = await self.open()
        body = {"outcome": outcome, "comment": "поговорили", "fields": fields}
        path, version = f"/tasks/{task['id']}/outcome", task["version"]
        answer = await self.api.call("POST", path, role="supervisor", json=body, version=version)
        assert answer.status_code == 200, answer.text

    async def invited(self) -> int:
        return len(await self.desk.sent(MessageRequested))

    async def next(self) -> dict[str, datetime]:
        rows = await self.desk.ctx.db.pool.fetch("SELECT name, due_at FROM timer WHERE kind = 'playbook'")
        return {row["name"]: row["due_at"] for row in rows}


@pytest_asyncio.fixture
async def vehicle(desk: Desk, api: Api) -> Vehicle:
    await desk.activate_playbook(SERVICE)
    customer_id = uuid7()
    await desk.receive(customer_changed(customer_id, "+79990000001"))
    return Vehicle(desk, api, customer_id)


@pytest.mark.req("S3.9")
async def test_a_customer_is_invited_again_after_every_period(vehicle: Vehicle) -> None:
    for periods in (1, 2, 3):
        await vehicle.desk.pass_time(HALF)
        await vehicle.end("later", mileage=1000)
        assert (await vehicle.invited(), (await vehicle.next())["half_a_year"]) == (
            periods, START + (periods + 1) * HALF,
        )  # fmt: skip


@pytest.mark.req("S3.9")
async def test_after_a_gap_there_is_one_invitation_and_the_old_rhythm(vehicle: Vehicle) -> None:
    await vehicle.desk.pass_time(3 * HALF + 10 * DAY)
    assert (await vehicle.invited(), len(await vehicle.open())) == (1, 1)
    assert (await vehicle.next())["half_a_year"] == START + 4 * HALF


@pytest.mark.req("S3.9")
@pytest.mark.parametrize(("mileage", "invited"), [(15000, 1), (15001, 2)])
async def test_a_mileage_that_is_over_its_limit_invites_before_the_period_is_over(
    vehicle: Vehicle, mileage: int, invited: int
) -> None:
    await vehicle.desk.pass_time(HALF)
    await vehicle.end("later", mileage=mileage)
    await vehicle.desk.pass_time(30 * DAY)
    assert await vehicle.invited() == invited


@pytest.mark.req("S3.9")
async def test_a_reply_to_the_invitation_is_worked_at_once(vehicle: Vehicle) -> None:
    await vehicle.desk.pass_time(HALF)
    await vehicle.desk.receive(contact(customer_id=vehicle.customer_id, kind=ContactKind.MESSAGE))
    (task,) = await vehicle.open()
    assert datetime.fromisoformat(task["offer_from"]) == START + HALF


async def test_a_period_that_a_step_begins_anew_counts_from_then(vehicle: Vehicle) -> None:
    await vehicle.desk.pass_time(HALF + 10 * DAY)
    await vehicle.end("serviced", mileage=0)
    assert (await vehicle.next())["half_a_year"] == START + 2 * HALF + 10 * DAY


async def test_what_comes_again_ends_with_its_process(vehicle: Vehicle) -> None:
    await vehicle.desk.pass_time(HALF)
    await vehicle.end("sold")
    await vehicle.desk.pass_time(2 * HALF)
    assert (await vehicle.next(), await vehicle.invited()) == ({}, 1)


@given(late=st.timedeltas(timedelta(0), timedelta(days=4000)), every=st.integers(1, 400))
def test_the_next_time_is_the_first_of_the_rhythm_that_is_still_ahead(late: timedelta, every: int) -> None:
    found = next_time(START, every * DAY, START + late)
    assert START + late < found <= START + late + every * DAY
    assert (found - START) % (every * DAY) == timedelta(0)
