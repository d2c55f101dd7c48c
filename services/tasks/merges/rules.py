"""Which lead or customer one is by now, and whom an event of a merged one concerns."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

from libs.common.contracts.shared import SubjectKind
from services.tasks.engine.facts import Subject
from services.tasks.playbooks.terms import Trigger
from services.tasks.processes.rules import Address

_OF_THE_WINNER = frozenset(
    {
        Trigger.ORDER_CHANGED,
        Trigger.CONTACT_RECORDED,
        Trigger.PAYMENT_RECORDED,
        Trigger.REFUND_CHANGED,
        Trigger.ACCESS_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class Aliases:
    """Losers of merges, each with its winner, who may have lost since."""

    winners: dict[UUID, UUID] = field(default_factory=dict)

    def path(self, one: UUID) -> list[UUID]:
        """Return who has won it, one after the other."""
        found = list[UUID]()
        while (winner := self.winners.get(one)) is not None and winner not in found:
            found.append(winner)
            one = winner
        return found

    def root(self, one: UUID) -> UUID:
        """Return which one it is by now."""
        return self.path(one)[-1] if one in self.winners else one

    def whole(self, one: UUID) -> set[UUID]:
        """Return all that are one with it by now, itself among them."""
        root = self.root(one)
        return {one, root, *(loser for loser in self.winners if self.root(loser) == root)}

    def moved(self, address: Address) -> Address:
        """Return whom an event concerns by now.

        What a merged lead's order, its money and its contacts bring is the winner's. The rest is of the lead as it
        was: it is noted in its timeline, and no process hears it. Customers are one in all that is said of them.
        """
        customer_id = None if address.customer_id is None else self.root(address.customer_id)
        now, subject = replace(address, customer_id=customer_id), address.subject
        if subject is None or self.root(subject.id) == subject.id:
            return now
        if subject.kind is SubjectKind.CUSTOMER or address.trigger in _OF_THE_WINNER:
            return replace(now, subject=Subject(subject.kind, self.root(subject.id)), beside=subject)
        return replace(now, merged=True)


def ids_of(addresses: Iterable[Address]) -> set[UUID]:
    """Return the leads and customers that addresses name."""
    subjects = {address.subject.id for address in addresses if address.subject is not None}
    return subjects | {address.customer_id for address in addresses if address.customer_id is not None}
