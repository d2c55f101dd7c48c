"""Eligibility of an operator for a piece of work: the same rule for pushed and for pulled work."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

ALL_PRODUCTS = "*"


class Refusal(StrEnum):
    """Why an operator may not do a piece of work now. Decisions store these codes."""

    INACTIVE = "inactive"
    NOT_ON_SHIFT = "not_on_shift"
    AWAY = "away"
    PAUSED = "paused"
    WRONG_ROLE = "wrong_role"
    WRONG_DESK = "wrong_desk"
    NOT_IN_POOL = "not_in_pool"
    PRODUCT_UNKNOWN = "product_unknown"
    AT_CAPACITY = "at_capacity"
    GAVE_IT_BACK = "gave_it_back"
    NOT_ASKED = "not_asked"
    AT_SHARE = "at_share"
    ABSENT = "absent"
    AFTER_CALL = "after_call"


class Standing(NamedTuple):
    """The facts about an operator. The defaults pass: the caller's kind of work does not require them.

    A tuple for speed: one is made of each operator for each piece of work.
    """

    active: bool
    roles: frozenset[str]
    desks: frozenset[str]
    products: frozenset[str]
    on_shift: bool = True
    away: bool = False
    paused: bool = False
    in_pool: bool = True
    has_room: bool = True
    gave_it_back: bool = False
    asked: bool = True
    below_share: bool = True
    absent: bool = False
    after_call: bool = False


class Demand(NamedTuple):
    """The requirements of a piece of work."""

    desk: str
    role: str
    products: frozenset[str] = frozenset()


def knows(known: frozenset[str], needed: frozenset[str]) -> bool:
    """Return whether `known` covers all products of the work; `*` covers every product."""
    return ALL_PRODUCTS in known or needed <= known


_TESTS: tuple[tuple[Refusal, Callable[[Standing, Demand], bool]], ...] = (
    (Refusal.INACTIVE, lambda operator, _: operator.active),
    (Refusal.NOT_ON_SHIFT, lambda operator, _: operator.on_shift),
    (Refusal.AWAY, lambda operator, _: not operator.away),
    (Refusal.PAUSED, lambda operator, _: not operator.paused),
    (Refusal.WRONG_ROLE, lambda operator, work: work.role in operator.roles),
    (Refusal.WRONG_DESK, lambda operator, work: work.desk in operator.desks),
    (Refusal.NOT_IN_POOL, lambda operator, _: operator.in_pool),
    (Refusal.PRODUCT_UNKNOWN, lambda operator, work: knows(operator.products, work.products)),
    (Refusal.AT_CAPACITY, lambda operator, _: operator.has_room),
    (Refusal.GAVE_IT_BACK, lambda operator, _: not operator.gave_it_back),
    (Refusal.NOT_ASKED, lambda operator, _: operator.asked),
    (Refusal.AT_SHARE, lambda operator, _: operator.below_share),
    (Refusal.ABSENT, lambda operator, _: not operator.absent),
    (Refusal.AFTER_CALL, lambda operator, _: not operator.after_call),
)


def refusals(operator: Standing, work: Demand) -> tuple[Refusal, ...]:
    """Return every failed test in the order of `Refusal` (P.3); an eligible operator has none."""
    return tuple([refusal for refusal, passes in _TESTS if not passes(operator, work)])
