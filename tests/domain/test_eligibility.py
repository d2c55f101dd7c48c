"""Eligibility is the same in both services that judge an operator."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import Presence
from libs.common.domain.eligibility import ALL_PRODUCTS, Demand, Refusal, Standing, refusals
from services.assignment.pools.rules import Need, Operator, why_not
from services.assignment.pools.rules import OperatorId as AssignmentId
from services.tasks.engine.state import OperatorId
from services.tasks.operators.rules import CODES, OperatorProfile, ineligible

WORDS = st.sampled_from(["tea", "coffee", "milk"])
SETS = st.frozensets(WORDS)
KNOWN = st.frozensets(st.one_of(WORDS, st.just(ALL_PRODUCTS)))
ID = UUID(int=1)


@given(st.booleans(), SETS, SETS, KNOWN, WORDS, WORDS, SETS)
def test_assignment_and_tasks_refuse_the_same_operator_for_the_same_reasons(
    active: bool, roles: frozenset[str], desks: frozenset[str], known: frozenset[str],
    role: str, desk: str, products: frozenset[str],
) -> None:  # fmt: skip
    here = Operator(AssignmentId(ID), "Ann", active, Presence.CHECKED_IN, roles, desks, known, 1, 0)
    person = OperatorProfile(OperatorId(ID), "Ann", active, roles, desks, frozenset({"sales"}), known)
    pushed = {CODES[refusal] for refusal in why_not(here, Need(role, products), desk)}
    pulled = ineligible(person, desk=desk, role=role, pool="sales", products=products)
    assert (len(pulled), set(pulled)) == (len(pushed), pushed)


@given(st.lists(st.booleans(), min_size=14, max_size=14))
def test_every_failed_test_names_itself_in_the_order_of_the_refusals(passes: list[bool]) -> None:
    active, on_shift, here, free_of_pause, role, desk, in_pool, product, has_room, wants, asked, below, *then = (
        passes
    )
    is_back, is_free = then
    operator = Standing(
        active=active, roles=frozenset({"operator"} if role else ()), desks=frozenset({"demo"} if desk else ()),
        products=frozenset({"tea"} if product else ()), on_shift=on_shift, away=not here, paused=not free_of_pause,
        in_pool=in_pool, has_room=has_room, gave_it_back=not wants, asked=asked, below_share=below,
        absent=not is_back, after_call=not is_free,
    )  # fmt: skip
    expected = tuple(refusal for refusal, passed in zip(Refusal, passes, strict=True) if not passed)
    assert refusals(operator, Demand("demo", "operator", frozenset({"tea"}))) == expected


def test_every_refusal_has_a_code_of_the_tasks_api() -> None:
    assert set(CODES) == set(Refusal)
