"""The caller of a route: `caller: Annotated[Principal, Depends(require(Role.SUPERVISOR))]`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from libs.common.platform.auth.jwt import JwtVerifier, TokenError
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.problems import Problem

# Declared for OpenAPI alone; we read the header ourselves, because FastAPI's error is no problem document.
_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="bearer")
_REALM = 'Bearer realm="dozvon"'


async def authenticate(request: Request) -> Principal:
    """Return the verified caller, kept for the request. Raises Problem 401 with WWW-Authenticate (RFC 6750)."""
    known = request.scope["state"].get("principal")
    if isinstance(known, Principal):
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(401, "unauthenticated", headers={"WWW-Authenticate": _REALM})
    verifier: JwtVerifier | None = request.app.state.auth
    if verifier is None:
        raise RuntimeError("the app has no verifier")
    try:
        principal = await verifier.verify(token.strip())
    except TokenError as error:
        challenge = f'{_REALM}, error="invalid_token"'
        raise Problem(401, "invalid_token", detail=str(error), headers={"WWW-Authenticate": challenge}) from error
    request.scope["state"]["principal"] = principal
    return principal


@dataclass(frozen=True, slots=True)
class Require:
    """A dependency that gives the caller if they have one of `roles` (none: any authenticated caller)."""

    roles: tuple[Role, ...]

    async def __call__(
        self, request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)] = None
    ) -> Principal:
        """Return the caller. Raises Problem 401, 403."""
        caller = await authenticate(request)
        if self.roles and not caller.has(*self.roles):
            challenge = f'{_REALM}, error="insufficient_scope"'
            raise Problem(403, "forbidden", headers={"WWW-Authenticate": challenge})
        return caller


def require(*roles: Role) -> Require:
    """Return the dependency of a route for callers with one of `roles`."""
    return Require(roles)
