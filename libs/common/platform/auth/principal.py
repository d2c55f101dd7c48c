"""The caller as the token names them."""

from dataclasses import dataclass, field
from enum import StrEnum

#: In the place of the codes of desks: all of them, also those that do not exist yet.
ALL_DESKS = "*"


class Role(StrEnum):
    """What a caller may be; a token may carry several."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    PARTNER = "partner"
    SERVICE = "service"


class Scope(StrEnum):
    """What of its kind an operation shows or changes, the widest first; never more than the desks of the token."""

    DESKS = "desks"
    WORK = "work"
    PARTNER = "partner"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller: `sub` names them within the issuer, `desks` are codes, which bind every role.

    `role` is the one that allowed the present operation, `scope` how far (`require`). `accepted_until`: when their
    token ends, in Unix seconds of real time; None: of no token.
    """

    sub: str
    roles: frozenset[Role]
    desks: frozenset[str] = frozenset()
    partner_id: str | None = None
    role: Role | None = None
    scope: Scope = Scope.OWN
    accepted_until: float | None = field(default=None, compare=False)

    @property
    def sees_whole_desks(self) -> bool:
        """Return whether the operation is not confined to the caller's own work."""
        return self.scope is Scope.DESKS

    @property
    def sees_all_desks(self) -> bool:
        return ALL_DESKS in self.desks

    def may_see(self, desk: str) -> bool:
        """Return whether the caller may see rows of `desk`; other rows are answered 404."""
        return self.sees_all_desks or desk in self.desks

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)
