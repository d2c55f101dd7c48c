"""Rates of currencies: read at the bank with its oddities, set by hand, published when they change (S4.12)."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.standins.cbr import CbrStandin
from deploy.standins.faults import KIND, Failure, Mode
from deploy.standins.server import running
from libs.common.connect.poll.loop import PollLoop
from libs.common.contracts.rates import RateChanged
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from services.intake.rates.rules import Daily, holds_until, read_daily
from services.intake.rates.worker import LEASE, RatePolls, begin
from tests.intake.api import NOW, Api
from tests.intake.exchange import context

SAMPLES = sorted(Path("tests/intake/rates").glob("*.json"))
MINUTE = timedelta(minutes=1)


def sample(path: Path) -> tuple[bytes, Daily]:
    """Return an answer of the bank as it sends it, and what it says."""
    found = json.loads(path.read_text(encoding="utf-8"))
    said = found["decoded_json"]
    rates = {code: Decimal(value) for code, value in said["rates"].items()}
    return found["response"]["text"].encode("cp1251"), Daily(date.fromisoformat(said["date"]), rates)


async def published(db: Database) -> list[RateChanged]:
    rows = await db.pool.fetch("SELECT body FROM outbox WHERE type = $1 ORDER BY id", RateChanged.event_type)
    return [RateChanged.model_validate(orjson.loads(row["body"])) for row in rows]


@pytest.mark.req("S4.12")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_banks_own_answers_are_read_by_the_day_that_they_name(path: Path) -> None:
    body, said = sample(path)
    assert read_daily(body) == said


@pytest.mark.req("S4.12")
@given(st.binary(max_size=400), st.integers(0, 900), st.integers(0, 60))
def test_no_answer_of_the_bank_is_too_odd_to_be_read(noise: bytes, at: int, cut: int) -> None:
    whole, _ = sample(SAMPLES[0])
    found = read_daily(whole[:at] + noise + whole[at + cut :])
    assert found is None or all(0 < rate < 10**9 for rate in found.per_unit.values())


@pytest.mark.req("S4.12")
@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 3, 3), date(2026, 3, 8)),  # a Tuesday
        (date(2026, 3, 7), date(2026, 3, 12)),  # a Saturday before a Monday off
        (date(2025, 12, 31), date(2026, 1, 12)),  # the long holidays
    ],
)
def test_a_rate_holds_for_days_and_longer_over_holidays(day: date, last: date) -> None:
    assert holds_until(day) == last


@pytest.mark.req("S4.12")
async def test_a_rate_set_by_hand_is_shown_and_published_once(api: Api) -> None:
    wanted = {"desk": "demo", "per_unit": "0.154321"}
    answers = [await api.ok("PUT", "/rates/KZT/2026-03-02", wanted) for _ in range(2)]
    [event] = await published(api.ctx.core.db)
    [shown] = (await api.ok("GET", "/rates?desk=demo&currency=KZT"))["items"]  # type: ignore[misc]  # a list
    assert answers == [shown, shown]
    assert (event.currency, event.per_unit, event.day, event.official) == (
        "KZT", Decimal("0.154321"), date(2026, 3, 2), False,
    )  # fmt: skip


@pytest.mark.req("S4.12", "P.6")
async def test_no_desk_sets_the_rates_of_another(api: Api) -> None:
    body = {"desk": "demo", "per_unit": "80"}
    refused = [
        await api.call("PUT", "/rates/USD/2026-03-02", body, role=role, desks=[desk])
        for role, desk in (("supervisor", "other"), ("operator", "demo"))
    ]
    assert [answer.status_code for answer in refused] == [404, 403]


@pytest.mark.req("S4.12")
async def test_the_bank_is_read_a_few_times_a_day_and_after_a_failure(intake_db: Database) -> None:
    clock = ManualClock(NOW)
    standin = CbrStandin(KIND, clock=clock)
    async with running(standin) as url:
        ctx = context(intake_db, url)
        ctx.core.clock.advance(timedelta(hours=5))  # type: ignore[attr-defined]  # a manual one
        clock.advance(timedelta(hours=5))  # behind 16:00 in Moscow: tomorrow's are set
        await begin(ctx)
        loop = PollLoop(intake_db, ctx.core.clock, ctx.transport, RatePolls(ctx), LEASE)
        standin.dice.failures.append(Failure(Mode.HTTP, 502))
        asked = []
        for pause in (0, 0, 179, 1):
            ctx.core.clock.advance(pause * MINUTE)  # type: ignore[attr-defined]  # a manual one
            await intake_db.pool.execute("UPDATE poll SET due_at = clock_timestamp()")
            await loop.once()
            asked.append(standin.asked)
        await ctx.transport.close()
    days = {(event.currency, event.day) for event in await published(intake_db)}
    assert asked == [2, 4, 4, 6]
    assert days >= {("KZT", date(2026, 3, 3)), ("USD", date(2026, 3, 3))}
    assert {day for _, day in days} <= {date(2026, 2, 28), date(2026, 3, 2), date(2026, 3, 3)}
