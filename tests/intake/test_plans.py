"""Plans of what is read of one, and of what the worker asks again and again: by an index, never by reading all."""

from uuid import uuid4

import pytest
from sqlalchemy import Select, select

from libs.common.platform.db import Database
from libs.common.platform.worker.lookout import statement_of
from services.intake.app import WORK
from services.intake.appointments.queries import of_lead as appointments_of
from services.intake.customers.tables import customer
from services.intake.orders.queries import of_lead as orders_of
from services.intake.orders.tables import sales_order
from services.intake.payments.store import UNBOOKED
from services.intake.scope import of_whole
from tests.support.grown import KNOWN, Tables, grow, planned, read_whole
from tests.support.plans import reads_whole

ONE = uuid4()
READ = (
    select(sales_order).where(orders_of(ONE)),
    select(sales_order).where(of_whole(sales_order.c.customer_id, customer, ONE)),
    appointments_of(ONE),
)
IN_USE = {"active": "true", "halted_at": "NULL"}
#: What stays with the desks; the rest grows.
STEADY: Tables = {"exchange": IN_USE, "school": IN_USE, "poll": {"leased_until": "NULL"}}
ORDERS: Tables = {"sales_order": {"said_paid": "n", "booked_paid": "n"}}
INDEX = "ix_sales_order_unbooked"
OVER = {"state": "'accepted'", "lease_token": "NULL"}
GROWN: Tables = {"call": OVER, "placement": OVER, "payment_report": OVER, "payment": {}}


@pytest.mark.parametrize("query", READ)
async def test_what_is_of_one_is_found_by_an_index(intake_db: Database, query: Select[tuple[object, ...]]) -> None:
    assert await reads_whole(intake_db, query) == []


@pytest.mark.parametrize("known", KNOWN)
async def test_the_lookout_and_booking_read_nothing_whole_that_grows(intake_db: Database, known: str) -> None:
    await grow(intake_db, STEADY, 20, known)
    await grow(intake_db, {**ORDERS, **GROWN}, 3000, known)
    assert await read_whole(intake_db, statement_of(WORK), "now()") <= {*STEADY}
    assert "clock_timestamp" not in statement_of(WORK)  # volatile: all that is open would be read
    assert await read_whole(intake_db, UNBOOKED, "") == set()
    async with intake_db.begin() as tx:  # in the order of its key all of it would be read, too
        for statement, given in ((statement_of(WORK), "now()"), (UNBOOKED, "")):
            assert INDEX in " ".join(await planned(tx.conn, statement, given))


@pytest.mark.parametrize("known", KNOWN)
async def test_the_lookout_finds_unbooked_orders_where_no_payment_is_known(intake_db: Database, known: str) -> None:
    await grow(intake_db, ORDERS, 3000, known)
    await grow(intake_db, GROWN, 0, known)
    assert "sales_order" not in await read_whole(intake_db, statement_of(WORK), "now()")
