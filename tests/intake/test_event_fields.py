"""Every field of an event that SQL writes has one writer: the statement or the delivery."""

import json

import pytest
from pydantic import BaseModel

from libs.common.contracts.intake import Item, LeadReceivedV2, LeadUpdated, Order, OrderChanged, Totals
from libs.common.contracts.shared import Customer
from libs.common.domain.money import Money
from services.intake.deliveries.events import (
    CUSTOMER,
    LEAD_RECEIVED,
    LEAD_UPDATED,
    ORDER,
    ORDER_CHANGED,
    TOTALS,
    Fields,
)
from tests.intake.test_accept_races import delivery_row

ROW = delivery_row("lp-1", items=[{"title": "Крем", "price": "1990"}], total="1990")
SAID, SAID_OF_ORDER = json.loads(ROW.head + "}"), json.loads(ROW.order_head + "}")


def test_each_field_of_lead_received_is_written_by_the_statement_or_by_the_delivery_alone() -> None:
    assert sorted([*LEAD_RECEIVED, *SAID, "order"]) == sorted(LeadReceivedV2.model_fields)


def test_each_field_of_its_order_is_written_by_the_statement_or_by_the_delivery_alone() -> None:
    assert sorted([*ORDER, *SAID_OF_ORDER]) == sorted(Order.model_fields)


@pytest.mark.parametrize(("fields", "model"), [(ORDER_CHANGED, OrderChanged), (LEAD_UPDATED, LeadUpdated)])
def test_the_statements_write_each_field_of_a_change(fields: Fields, model: type[BaseModel]) -> None:
    assert fields.keys() == model.model_fields.keys()


@pytest.mark.parametrize(
    ("written", "model"),
    [
        (CUSTOMER, Customer),
        (SAID["person"], Customer),
        (SAID_OF_ORDER["items"][0], Item),
        (SAID_OF_ORDER["amount"], Money),
        (TOTALS, Totals),
        (SAID_OF_ORDER["totals"], Totals),
    ],
    ids=["person of a change", "person", "item", "money", "totals of a change", "totals"],
)
def test_a_part_is_written_whole(written: Fields, model: type[BaseModel]) -> None:
    assert written.keys() == model.model_fields.keys()
