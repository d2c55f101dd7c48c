"""Bearer tokens: RS256 or ES256 by the issuer's keys, with audience, issuer and expiry checked (RFC 7519, 8725)."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import jwt

from libs.common.platform.auth.jwks import KeySet, UnknownKeyError
from libs.common.platform.auth.principal import Principal, Role

SKEW = 30  # seconds of difference between our clock and the issuer's
_REMEMBERED = 4096  # verified tokens
_REMEMBER_FOR = 60.0  # seconds: how long tokens of a withdrawn key may still be accepted
_MAX_TOKEN = 8192  # characters
_ROLES = {role.value: role for role in Role}


class TokenError(Exception):
    """The token is not valid; the message gives the reason and quotes no part of the token."""


@dataclass(frozen=True, slots=True)
class _Seen:
    principal: Principal
    until: float  # Unix seconds
    generation: int


class JwtVerifier:
    """Verify tokens of one issuer for one audience. `now` is real time in Unix seconds."""

    def __init__(self, keys: KeySet, *, issuer: str, audience: str, now: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    async def has_keys(self) -> None:
        """Return once the issuer's keys were read. Raises KeysUnavailableError while it was never reached."""
        await self._keys.first_read()

    async def verify(self, token: str) -> Principal:
        """Return the caller. Raises TokenError, or KeysUnavailableError while the issuer was never reached."""
        seen = self._seen.get(token)
        if seen and seen.generation == self._keys.generation and self._now() < seen.until:
            return seen.principal
        if len(token) > _MAX_TOKEN:
            raise TokenError("the token is too long")
        claims = await self._claims(token)
        principal = _principal(claims)
        self._remember(token, principal, _expiry(claims))
        return principal

    async def _claims(self, token: str) -> dict[str, object]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.key(kid if isinstance(kid, str) else None)
            claims: dict[str, object] = jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=SKEW,
                options={"require": ["exp", "iss", "aud", "sub"], "verify_exp": False, "verify_nbf": False},
            )
        except UnknownKeyError as error:
            raise TokenError("the token is signed by an unknown key") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise TokenError(f"the token is not valid: {type(error).__name__}") from error
        self._check_times(claims)
        return claims

    def _check_times(self, claims: dict[str, object]) -> None:
        if self._now() >= _expiry(claims) + SKEW:
            raise TokenError("the token has expired")
        not_before = claims.get("nbf", 0)
        if not isinstance(not_before, int | float) or not_before > self._now() + SKEW:
            raise TokenError("the token is not valid yet")

    def _remember(self, token: str, principal: Principal, expiry: float) -> None:
        until = min(expiry + SKEW, self._now() + _REMEMBER_FOR)
        self._seen[token] = _Seen(principal, until, self._keys.generation)
        self._seen.move_to_end(token)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def _expiry(claims: dict[str, object]) -> float:
    value = claims["exp"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenError("the claim exp is not a number")
    return float(value)


def _principal(claims: dict[str, object]) -> Principal:
    sub = claims["sub"]
    if not isinstance(sub, str) or not 0 < len(sub) <= 255 or "\x00" in sub:
        raise TokenError("the claim sub is not usable")
    partner = claims.get("partner_id")
    if partner is not None and not isinstance(partner, str):
        raise TokenError("the claim partner_id is not a string")
    roles = frozenset(_ROLES[name] for name in _strings(claims, "roles") if name in _ROLES)
    desks, end = frozenset(_strings(claims, "desks")), _expiry(claims) + SKEW
    return Principal(sub, roles, desks, partner, accepted_until=end)


def _strings(claims: dict[str, object], name: str) -> list[str]:
    value = claims.get(name, [])
    if not isinstance(value, list):
        raise TokenError(f"the claim {name} is not a list")
    texts = [item for item in value if isinstance(item, str)]
    if len(texts) != len(value):
        raise TokenError(f"the claim {name} is not a list of strings")
    return texts
