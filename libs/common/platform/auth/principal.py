"""The caller as the token names them."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller: `sub` names them within the issuer, `desks` are codes, which bind every role."""

    sub: str
    roles: frozenset[Role]
    desks: frozenset[str] = frozenset()
    partner_id: str | None = None

    @property
    def sees_all_desks(self) -> bool:
        return ALL_DESKS in self.desks

    def may_see(self, desk: str) -> bool:
        """Return whether the caller may see rows of `desk`; other rows are answered 404."""
        return self.sees_all_desks or desk in self.desks

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)
