"""The rates of the day come with what else is read of a process (S4.12)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from libs.common.contracts.rates import RateChanged
from services.tasks.desks.store import read_desks
from services.tasks.processes import store
from services.tasks.rates.store import day_of, rates_now
from tests.tasks.desk import Desk


def rate(currency: str, day: date, per_unit: str, *, official: bool = True) -> RateChanged:
    until = day + timedelta(days=5)
    return RateChanged(
        currency=currency, base="RUB", day=day, holds_until=until, per_unit=Decimal(per_unit), official=official
    )


@pytest.mark.req("S4.12")
async def test_rates_with_the_parts_of_processes_are_those_of_the_day(desk: Desk) -> None:
    today = desk.clock.now().date()
    await desk.receive(rate("USD", today, "98.123456789"), rate("KZT", today, "0.18"), desk="*")
    await desk.receive(rate("USD", today - timedelta(days=1), "97"), rate("EUR", today, "100"), desk="*")
    await desk.receive(rate("USD", today, "90.5", official=False), rate("EUR", today - timedelta(days=9), "1"))
    for _ in range(3):
        await desk.lead("school")
    async with desk.ctx.db.begin() as tx:
        ids = [row["id"] for row in await tx.conn.fetch("SELECT id FROM process")]
        here, now = (await read_desks(tx.conn, ["demo"]))["demo"].desk, desk.clock.now()
        expected = await rates_now(tx.conn, here, now)
        tasks, timers, rates = await store.parts_and_rates(tx.conn, ids, ("demo", day_of(here, now)))
        assert (tasks, timers) == await store.parts(tx.conn, ids)
    assert rates == expected
    prices = {code: each.per_unit for code, each in rates.items()}
    assert prices == {"USD": Decimal("90.5"), "EUR": Decimal(100), "KZT": Decimal("0.18")}
