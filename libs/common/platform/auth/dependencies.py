"""The caller of a route: `caller: Annotated[Principal, Depends(require(Role.SUPERVISOR))]`."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from libs.common.platform.auth.jwt import JwtVerifier, TokenError
from libs.common.platform.auth.principal import Principal, Role, Scope
from libs.common.platform.http.problems import Problem

# Declared for OpenAPI alone; we read the header ourselves, because FastAPI's error is no problem document.
BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="bearer")
REALM = 'Bearer realm="dozvon"'
_WIDTHS = {scope: width for width, scope in enumerate(Scope)}


async def authenticate(request: Request) -> Principal:
    """Return the verified caller, kept for the request. Raises Problem 401 with WWW-Authenticate (RFC 6750)."""
    known = request.scope["state"].get("principal")
    if isinstance(known, Principal):
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(401, "unauthenticated", headers={"WWW-Authenticate": REALM})
    verifier: JwtVerifier | None = request.app.state.auth
    if verifier is None:
        raise RuntimeError("the app has no verifier")
    try:
        principal = await verifier.verify(token.strip())
    except TokenError as error:
        challenge = f'{REALM}, error="invalid_token"'
        raise Problem(401, "invalid_token", detail=str(error), headers={"WWW-Authenticate": challenge}) from error
    request.scope["state"]["principal"] = principal
    return principal


@dataclass(frozen=True, slots=True)
class Require:
    """A dependency that gives the caller if one of their roles has a grant (no grants: any authenticated caller).

    The grants of an operation are its row in docs/roles.md; nothing else decides who may call it, and how far.
    """

    grants: tuple[tuple[Role, Scope], ...]

    async def __call__(
        self, request: Request, _token: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)] = None
    ) -> Principal:
        """Return the caller with the role that allows most. Raises Problem 401, 403."""
        caller = await authenticate(request)
        if not self.grants:
            return caller
        held = [(_WIDTHS[scope], role, scope) for role, scope in self.grants if caller.has(role)]
        if not held:
            challenge = f'{REALM}, error="insufficient_scope"'
            raise Problem(403, "forbidden", headers={"WWW-Authenticate": challenge})
        _width, role, scope = min(held)  # the widest scope, and of its roles always the same one
        return replace(caller, role=role, scope=scope)


def require(
    *whole: Role, work: Collection[Role] = (), partner: Collection[Role] = (), own: Collection[Role] = ()
) -> Require:
    """Return the dependency of a route: which roles may call it, for whole desks or for a narrower scope."""
    scopes = {Scope.DESKS: whole, Scope.WORK: work, Scope.PARTNER: partner, Scope.OWN: own}
    return Require(tuple((role, scope) for scope, roles in scopes.items() for role in roles))
