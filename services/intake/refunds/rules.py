"""How a refund goes from step to step, and what is shown of payout details: pure (S4.14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from libs.common.contracts.shared import RefundState
from services.intake.changes.rules import Problem, Problems, read_amount

#: Working days of the desk within which a refund is paid once its details are given.
WORKING_DAYS = 14
SHOWN = 4  # characters of payout details
MAX_KEPT_BY = 100

_S = RefundState
NEXT: Mapping[RefundState, frozenset[RefundState]] = {
    _S.ASKED: frozenset({_S.KEPT, _S.DETAILS_WANTED, _S.REFUSED}),
    _S.DETAILS_WANTED: frozenset({_S.KEPT, _S.DETAILS_GIVEN, _S.REFUSED}),
    _S.DETAILS_GIVEN: frozenset({_S.KEPT, _S.DETAILS_GIVEN, _S.CONFIRMED, _S.REFUSED}),
    _S.CONFIRMED: frozenset({_S.PAID}),
    _S.KEPT: frozenset(),
    _S.REFUSED: frozenset(),
    _S.PAID: frozenset(),
}
#: What is decided by who pays, and by no other operator.
OF_PAYERS = frozenset({_S.CONFIRMED, _S.REFUSED, _S.PAID})


@dataclass(frozen=True, slots=True)
class Wish:
    """A step as it is asked for. `kept_by`: by what the customer was kept, `amount`: what is asked back.

    `currency` None: the order's.
    """

    state: RefundState
    kept_by: str | None = None
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """Whom to pay back, and to where; `payout` is shown whole to who pays alone."""

    full_name: str
    phone: str
    email: str
    payout: str


def follows(before: RefundState, after: RefundState) -> bool:
    """Return whether a step follows another."""
    return after in NEXT[before]


def end_of(payout: str) -> str:
    """Return what is shown of payout details: the last characters that are no signs, of short ones none."""
    shown = [character for character in payout if character.isalnum()]
    return "".join(shown[-SHOWN:]) if len(shown) >= 2 * SHOWN else ""


def amount_problems(wish: Wish, currency: str, left: Decimal | None) -> Problems:
    """Return what is wrong with the sum that is asked back of an order in a currency.

    `left`: what was paid and is not paid back; None: not known.
    """
    if wish.amount is None:
        return ()
    if wish.currency not in (None, currency):
        return (Problem("currency", "other_currency"),)
    return () if left is None or wish.amount <= left else (Problem("amount", "more_than_paid"),)


def left_of(received: Decimal, said: Decimal | None, back: Decimal) -> Decimal | None:
    """Return what was paid of an order and is not paid back; None: it is not known what was paid.

    `received`: what is on record, `said`: what the source says, `back`: what was paid back.
    """
    if said is None and not received:
        return None
    return max(max(received, said or Decimal(0)) - back, Decimal(0))


def read_wish(values: Mapping[str, str]) -> tuple[Wish | None, Problems]:
    """Return the step that tasks asks for, and everything that is wrong with its form.

    Payout details are no such step: they never travel in events.
    """
    problems = [Problem(name, "unknown_field") for name in sorted(values.keys() - {"step", "kept_by", "amount"})]
    step, amount = values.get("step"), None
    if step not in set(RefundState) - {RefundState.DETAILS_GIVEN}:
        problems.append(Problem("step", "unknown_step"))
    if values.get("amount"):
        amount = read_amount(values["amount"])
        problems += [] if amount else [Problem("amount", "not_an_amount")]
    kept_by = values.get("kept_by")
    if step == RefundState.KEPT and not kept_by:
        problems.append(Problem("kept_by", "missing"))
    if len(kept_by or "") > MAX_KEPT_BY:
        problems.append(Problem("kept_by", "too_long"))
    return (None if problems else Wish(RefundState(str(step)), kept_by, amount)), tuple(problems)
