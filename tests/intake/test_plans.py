"""Plans of what is read of one lead or customer: by an index, never by reading all there are."""

from uuid import uuid4

import pytest
from sqlalchemy import Select, select

from libs.common.platform.db import Database
from services.intake.appointments.queries import of_lead as appointments_of
from services.intake.customers.tables import customer
from services.intake.orders.queries import of_lead as orders_of
from services.intake.orders.tables import sales_order
from services.intake.scope import of_whole
from tests.support.plans import reads_whole

ONE = uuid4()
READ = (
    select(sales_order).where(orders_of(ONE)),
    select(sales_order).where(of_whole(sales_order.c.customer_id, customer, ONE)),
    appointments_of(ONE),
)


@pytest.mark.parametrize("query", READ)
async def test_what_is_of_one_is_found_by_an_index(intake_db: Database, query: Select[tuple[object, ...]]) -> None:
    assert await reads_whole(intake_db, query) == []
