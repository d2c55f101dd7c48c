"""The route class of POSTs that create or act: `api_router(…, route_class=IdempotentRoute)`.

The answer to a completed call is repeated for 24 hours. The claim is made between validation and the endpoint, so
invalid and unauthorised requests make none. A failure (5xx) or refusal (4xx) of the endpoint releases the claim
when nothing was committed: state or request may differ at the next attempt.
"""

import functools
import hashlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import ParamSpec, TypeVar
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from libs.common.platform.auth.principal import Principal
from libs.common.platform.core import Core
from libs.common.platform.db.database import BeforeCommit, Connection, before_commit
from libs.common.platform.edits.record import edit_of
from libs.common.platform.http.idempotency import Claim, ClaimLostError, Pool, claim_or_replay
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem, problem_response
from libs.common.platform.http.routes import Handler, StrictRoute
from libs.common.platform.http.stale import STALE
from libs.common.platform.http.translate import to_problem
from libs.common.platform.sealing import DataKeys
from libs.common.platform.telemetry.logs import get_logger

MAX_KEY = 255
_ONE_KEY = Text(f"один ключ из 1–{MAX_KEY} знаков", f"one key of 1 to {MAX_KEY} characters")
_REFUSAL, _FAILURE = 400, 500

P = ParamSpec("P")
T = TypeVar("T")

log = get_logger(__name__)


class _Call:
    """One request with a key; `claim` is set once the endpoint may run."""

    __slots__ = ("claim", "key", "request")

    def __init__(self, request: Request, key: str) -> None:
        self.request = request
        self.key = key
        self.claim: Claim | None = None

    @property
    def pool(self) -> Pool:
        pool: Pool = self.request.app.state.db.pool
        return pool

    async def begin(self) -> None:
        """Claim the key. Raises _Replayed, Problem."""
        caller = self.request.scope["state"].get("principal")
        if not isinstance(caller, Principal):
            raise TypeError("an idempotent route needs a caller: declare require(…)")
        scope = f"{caller.sub} {self.request.method} {_template(self.request)}"
        keys: DataKeys | None = getattr(self.request.app.state, "keys", None)
        claim = Claim(scope, self.key, await _fingerprint(self.request), uuid4(), keys)
        stored = await claim_or_replay(self.pool, claim)
        if stored is not None:
            raise _Replayed(stored)
        self.claim = claim


class _Replayed(Exception):  # noqa: N818 - not an error: the way out past FastAPI's serialization
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


_call: ContextVar[_Call | None] = ContextVar("idempotent_call", default=None)


class IdempotentRoute(StrictRoute):
    """A POST that may be repeated with the same `Idempotency-Key`; without a key every call runs."""

    def __init__(self, path: str, endpoint: Callable[..., Awaitable[object]], **options: object) -> None:
        if not inspect.iscoroutinefunction(endpoint):
            raise TypeError("an idempotent endpoint must be async")
        reads = options.get("methods") == ["GET"]
        noted = endpoint if reads else _noting(endpoint, path, str(options.get("operation_id")))
        super().__init__(path, _claiming(noted), **options)

    def get_route_handler(self) -> Handler:
        """Return the strict handler, wrapped in the handling of the key."""
        handle = super().get_route_handler()

        async def idempotent(request: Request) -> Response:
            await self.authorize(request)
            key = idempotency_key(request) if request.method == "POST" else None
            if key is None:
                return await handle(request)
            # One request object for FastAPI and the fingerprint: a body can be read once.
            return await _carry_out(_Call(self.reading(request), key), handle)

        return idempotent


def idempotency_key(request: Request) -> str | None:
    """Return the key, with or without the quotes of a structured field. Raises Problem 400 when it is malformed."""
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    key = values[0].strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(values) > 1 or not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable() or '"' in key:
        fault = Fault("/idempotency-key", "malformed_key", _ONE_KEY, "header")
        raise Problem(400, "malformed_request", errors=[fault])
    return key


def _noting(endpoint: Callable[P, Awaitable[T]], path: str, operation: str) -> Callable[P, Awaitable[T]]:
    """Return the endpoint, whose edits are kept as they are committed, and shown to who comes too late."""

    @functools.wraps(endpoint)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        edit = edit_of(path, operation, kwargs)
        if edit is None:
            return await endpoint(*args, **kwargs)
        token = before_commit.set(_both(before_commit.get(), edit.keep))
        try:
            return await endpoint(*args, **kwargs)
        except Problem as problem:
            if problem.code == STALE and "changes" not in problem.extra:
                problem.extra["changes"] = await edit.since(_core(kwargs).db)
            raise
        finally:
            before_commit.reset(token)

    return run


def _core(given: Mapping[str, object]) -> Core:
    """Return the core of a call's context."""
    ctx, request = given.get("ctx"), given.get("request")
    core = getattr(request.app.state.ctx if isinstance(request, Request) else ctx, "core", None)
    if not isinstance(core, Core):
        raise TypeError("an edit takes `ctx` or `request`")
    return core


def _both(first: BeforeCommit | None, second: BeforeCommit) -> BeforeCommit:
    if first is None:
        return second

    async def run(conn: Connection) -> None:
        await first(conn)
        await second(conn)

    return run


def _claiming(endpoint: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    @functools.wraps(endpoint)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        call = _call.get()
        if call is None:
            return await endpoint(*args, **kwargs)
        await call.begin()
        token = before_commit.set(call.claim.settle if call.claim else None)
        try:
            return await endpoint(*args, **kwargs)
        finally:
            before_commit.reset(token)

    return run


async def _carry_out(call: _Call, handle: Handler) -> Response:
    token = _call.set(call)
    try:
        response = await handle(call.request)
    except _Replayed as replay:
        return replay.response
    except Exception as error:
        problem = _problem(call.request, error)
        if problem is None or problem.status_code >= _FAILURE:
            await _release(call)
            raise
        response = problem_response(call.request, problem)
    finally:
        _call.reset(token)
    await _keep(call, response)
    return response


def _problem(request: Request, error: Exception) -> Problem | None:
    if isinstance(error, ClaimLostError):
        return Problem(409, "request_in_progress", headers={"Retry-After": "1"})
    return to_problem(request, error)


async def _keep(call: _Call, response: Response) -> None:
    """Store an answer, unless it is a refusal that changed nothing or cannot be stored."""
    if call.claim is None:
        return
    unfit = isinstance(response, StreamingResponse) or response.status_code >= _FAILURE
    if unfit or response.status_code >= _REFUSAL:
        released = await _release(call)
        if released or unfit:
            return
    try:
        await call.claim.store(call.pool, response)
    except Exception:
        # The call is done: an error now would only make the caller repeat it.
        log.exception("idempotent answer not stored")


async def _release(call: _Call) -> bool:
    """Release the claim; return whether nothing had been committed under it."""
    if call.claim is None:
        return True
    try:
        return await call.claim.release(call.pool)
    except Exception:
        log.exception("idempotency claim not released, it will expire")
        return True


def _template(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path_format", request.scope["path"]))


async def _fingerprint(request: Request) -> bytes:
    digest = hashlib.sha256(f"{request.scope['path']}?".encode())
    digest.update(request.scope["query_string"] + b"\n")
    digest.update(await request.body())
    return digest.digest()
