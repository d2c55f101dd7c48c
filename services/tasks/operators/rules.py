"""Who may work a task that they pull (S1.2): whoever may, checked in or not, however much they have."""

from collections.abc import Collection
from dataclasses import dataclass

from services.tasks.engine.state import Operator, OperatorId

ALL_PRODUCTS = "*"


@dataclass(frozen=True, slots=True)
class Person:
    """An operator as assignment describes them."""

    id: OperatorId
    name: str
    active: bool
    roles: frozenset[str]
    desks: frozenset[str]
    pools: frozenset[str]
    products: frozenset[str]

    @property
    def operator(self) -> Operator:
        """Return the operator of the engine."""
        return Operator(self.id, self.name)


def ineligible(person: Person, *, desk: str, role: str, pool: str, products: Collection[str]) -> tuple[str, ...]:
    """Return the tests that fail; none = the operator may take the task."""
    tests = {
        "inactive": person.active,
        "other_desk": desk in person.desks,
        "wrong_role": role in person.roles,
        "not_in_pool": pool in person.pools,
        "unknown_product": ALL_PRODUCTS in person.products or person.products.issuperset(products),
    }
    return tuple(name for name, passed in tests.items() if not passed)
