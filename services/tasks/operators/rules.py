"""Who may pull a task (S1.2), and who is not there. Capacity does not matter here."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.common.contracts.shared import Presence
from libs.common.domain.eligibility import Demand, Refusal, Standing, refusals
from services.tasks.engine.state import Absence, Operator, OperatorId

#: Refusals as this API names them, in the order in which it does (docs/problems/not_eligible.md).
CODES: dict[Refusal, str] = {
    Refusal.INACTIVE: "inactive",
    Refusal.WRONG_DESK: "other_desk",
    Refusal.WRONG_ROLE: "wrong_role",
    Refusal.NOT_IN_POOL: "not_in_pool",
    Refusal.PRODUCT_UNKNOWN: "unknown_product",
    # Not checked for pulled work.
    Refusal.NOT_ON_SHIFT: "not_on_shift",
    Refusal.AWAY: "away",
    Refusal.PAUSED: "paused",
    Refusal.AT_CAPACITY: "at_capacity",
    Refusal.GAVE_IT_BACK: "gave_it_back",
    Refusal.NOT_ASKED: "not_asked",
    Refusal.AT_SHARE: "at_share",
    Refusal.ABSENT: "absent",
    Refusal.AFTER_CALL: "after_call",
}


@dataclass(frozen=True, slots=True)
class OperatorProfile:
    """An operator as assignment publishes them."""

    id: OperatorId
    name: str
    active: bool
    roles: frozenset[str]
    desks: frozenset[str]
    pools: frozenset[str]
    products: frozenset[str]
    presence: Presence | None = None
    away: bool = False
    version: int = 0
    absent_until: datetime | None = None
    deputy_id: OperatorId | None = None

    @property
    def on_shift(self) -> bool:
        """Whether the operator is checked in; true as long as nothing has been heard of it."""
        return self.presence is not Presence.CHECKED_OUT

    @property
    def absence(self) -> Absence | None:
        """Why the operator cannot be given work; None = they are there."""
        if not self.active:
            return Absence.INACTIVE
        if self.absent_until is not None:
            return Absence.ABSENT
        if not self.on_shift:
            return Absence.OFF_SHIFT
        return Absence.AWAY if self.away else None

    @property
    def operator(self) -> Operator:
        """The engine's value of this operator."""
        return Operator(self.id, self.name)


def is_back(before: OperatorProfile | None, now: OperatorProfile) -> bool:
    """Return whether an operator has come, to whom goes back what stand-ins have of theirs (S2.2).

    A planned absence mostly ends while they are off shift or away: they come when they are there again. Nobody
    stands in for who is only away, so that there is nothing to go back.
    """
    return now.absence is None and (before is None or before.absence is not None)


def unfit(profile: OperatorProfile, desk: str, role: str | None) -> tuple[str, ...]:
    """Return why an operator may not be given a task by name; pool and products are up to who gives it.

    `role` None = any.
    """
    roles = profile.roles if role is not None else frozenset({""})
    standing = Standing(active=profile.active, roles=roles, desks=profile.desks, products=profile.products)
    found = refusals(standing, Demand(desk, role or ""))
    return tuple(code for refusal, code in CODES.items() if refusal in found)


def fitting(deputy: OperatorProfile | None, desk: str, role: str) -> OperatorProfile | None:
    """Return a deputy who is there and of a desk and role; None: what is to be done is for the role."""
    there = deputy is not None and deputy.absence is None and not unfit(deputy, desk, role)
    return deputy if there else None


def present(profiles: Iterable[OperatorProfile], desk: str) -> Mapping[OperatorId, Operator]:
    """Return those who are there, and of the desk still: to whom a task goes back."""
    return {who.id: who.operator for who in profiles if who.absence is None and not unfit(who, desk, None)}


def ineligible(
    profile: OperatorProfile, *, desk: str, role: str, pool: str, products: Collection[str]
) -> tuple[str, ...]:
    """Return the codes of the failed checks; none = the operator may take the task."""
    standing = Standing(
        active=profile.active,
        roles=profile.roles,
        desks=profile.desks,
        products=profile.products,
        in_pool=pool in profile.pools,
    )
    found = refusals(standing, Demand(desk, role, frozenset(products)))
    return tuple(code for refusal, code in CODES.items() if refusal in found)
