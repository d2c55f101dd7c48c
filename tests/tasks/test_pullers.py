"""Who may work a task that they pull (S1.2), by the rules alone."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.tasks.engine.state import OperatorId
from services.tasks.operators.rules import OperatorProfile, ineligible

ANNA = OperatorProfile(
    OperatorId(UUID(int=1)), "Анна", True, frozenset({"operator"}), frozenset({"demo"}), frozenset({"main"}),
    frozenset({"CR-1"}),
)  # fmt: skip
NOTHING: frozenset[str] = frozenset()


def failed_by(operator: OperatorProfile, *products: str) -> tuple[str, ...]:
    return ineligible(operator, desk="demo", role="operator", pool="main", products=products)


@pytest.mark.parametrize("products", [(), ("CR-1",)])
def test_whoever_passes_every_test_may_take_it(products: tuple[str, ...]) -> None:
    assert failed_by(ANNA, *products) == ()


@pytest.mark.parametrize(
    ("operator", "failed"),
    [
        (replace(ANNA, active=False), "inactive"),
        (replace(ANNA, desks=NOTHING), "other_desk"),
        (replace(ANNA, roles=NOTHING), "wrong_role"),
        (replace(ANNA, pools=NOTHING), "not_in_pool"),
        (replace(ANNA, products=NOTHING), "unknown_product"),
    ],
)
def test_each_test_that_fails_has_its_name(operator: OperatorProfile, failed: str) -> None:
    assert failed_by(operator, "CR-1") == (failed,)


def test_every_product_must_be_known() -> None:
    assert failed_by(ANNA, "CR-1", "CR-2") == ("unknown_product",)


def test_somebody_may_know_all_products() -> None:
    assert failed_by(replace(ANNA, products=frozenset({"*"})), "CR-1", "CR-2") == ()
