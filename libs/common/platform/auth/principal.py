"""The caller as the token names them."""

from dataclasses import dataclass
from enum import StrEnum

_ALL_DESKS = frozenset({"admin", "service"})


class Role(StrEnum):
    """What a caller may be; a token may carry several."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    PARTNER = "partner"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller: `sub` names them within the issuer, `desks` are codes."""

    sub: str
    roles: frozenset[Role]
    desks: frozenset[str] = frozenset()
    partner_id: str | None = None

    @property
    def sees_all_desks(self) -> bool:
        """Return whether the caller may see all desks: administrators and services."""
        return not _ALL_DESKS.isdisjoint(self.roles)

    def may_see(self, desk: str) -> bool:
        """Return whether the caller may see rows of `desk`; other rows are answered 404."""
        return self.sees_all_desks or desk in self.desks

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)
