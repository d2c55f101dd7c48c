"""What may be merged, and which orders are second ones then: pure decisions."""

from dataclasses import replace
from uuid import UUID

import pytest

from libs.common.contracts.shared import IdentityKind, Stage
from services.intake.customers.rules import Reach, reached
from services.intake.merges.rules import MergeFault, Party, Unpaid, fault_of, faults_of, second_ones

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
WINNER = Party(ONE, merged=False, customer_id=UUID(int=9), stage=Stage.WORKING)
LOSER = replace(WINNER, id=TWO, stage=Stage.NEW)
SHOP, SCHOOL = UUID(int=11), UUID(int=12)


@pytest.mark.parametrize(
    ("winner", "loser", "fault"),
    [
        (WINNER, LOSER, None),
        (WINNER, None, MergeFault.UNKNOWN),
        (WINNER, WINNER, MergeFault.SAME),
        (WINNER, replace(LOSER, merged=True), MergeFault.MERGED_ALREADY),
        (replace(WINNER, merged=True), LOSER, MergeFault.MERGED_ALREADY),
        (WINNER, replace(LOSER, customer_id=UUID(int=8)), MergeFault.OTHER_CUSTOMER),
        (WINNER, replace(LOSER, appointment=True), MergeFault.APPOINTMENT_PLANNED),
        (replace(WINNER, stage=Stage.LOST), LOSER, MergeFault.WINNER_IS_OVER),
        (replace(WINNER, stage=Stage.LOST), replace(LOSER, stage=Stage.WON), None),
        (replace(WINNER, stage=None), replace(LOSER, stage=None, customer_id=TWO), None),
    ],
)
def test_two_are_merged_unless_something_would_be_lost(
    winner: Party, loser: Party | None, fault: MergeFault | None
) -> None:
    assert fault_of(winner, loser) is fault


def test_who_loses_is_named_once_and_wins_nothing() -> None:
    known = {party: replace(WINNER, id=party) for party in (ONE, TWO, THREE)}
    pairs = [(ONE, TWO), (TWO, THREE), (ONE, THREE)]
    assert faults_of(pairs, known) == dict.fromkeys((0, 1, 2), MergeFault.NAMED_TWICE)


@pytest.mark.parametrize(
    ("orders", "second"),
    [
        ([(SHOP, ONE), (SHOP, TWO), (SHOP, THREE)], {TWO: ONE, THREE: ONE}),
        ([(SHOP, ONE), (SCHOOL, TWO)], {}),
        ([(SHOP, ONE), (SHOP, ONE)], {}),
    ],
)
def test_the_earliest_unpaid_order_of_each_source_goes_to_work(
    orders: list[tuple[UUID, UUID]], second: dict[UUID, UUID]
) -> None:
    assert second_ones(Unpaid(source, lead, ()) for source, lead in orders) == second


def test_a_lead_that_says_so_already_is_not_marked_again() -> None:
    assert second_ones([Unpaid(SHOP, ONE, ()), Unpaid(SHOP, TWO, ("second_unpaid_order",))]) == {}


PHONE, OTHER = (IdentityKind.PHONE, "+79161234567"), (IdentityKind.PHONE, "+79035550101")


@pytest.mark.parametrize(
    ("phone", "known", "gone", "left"),
    [
        (None, [PHONE], None, PHONE[1]),
        (OTHER[1], [PHONE], None, OTHER[1]),
        (PHONE[1], [OTHER], PHONE, OTHER[1]),
        (PHONE[1], [], PHONE, None),
        (PHONE[1], [PHONE], OTHER, PHONE[1]),
    ],
)
def test_a_lead_learns_what_it_lacks_and_forgets_what_is_gone(
    phone: str | None,
    known: list[tuple[IdentityKind, str]],
    gone: tuple[IdentityKind, str] | None,
    left: str | None,
) -> None:
    assert reached(Reach(phone, phone, None), known, gone).phone == left
