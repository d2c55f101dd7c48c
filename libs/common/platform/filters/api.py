"""Routes of saved filters: `/{service}/v1/filters`."""

from functools import cache
from typing import Annotated, cast
from uuid import UUID

from asyncpg import Record, UniqueViolationError
from fastapi import APIRouter, Query, Request, Response

from libs.common.domain.code import Code
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.core import Core
from libs.common.platform.filters.rules import faults_of, list_of
from libs.common.platform.filters.schemas import FilterIn, FilterOut, FilterPatch
from libs.common.platform.http.deps import Myself
from libs.common.platform.http.etag import IfMatch, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.language import Text
from libs.common.platform.http.pagination import Keyset, Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.problems import Fault, Problem
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.stale import stale
from libs.common.platform.ids import uuid7

_SEEN = "(owner = $1 OR shared) AND ($2::text[] IS NULL OR desk = ANY($2))"
LIST = f"""
SELECT * FROM saved_filter
WHERE {_SEEN} AND ($3::text IS NULL OR desk = $3) AND ($4::text IS NULL OR list = $4)
  AND ($5::uuid IS NULL OR id > $5)
ORDER BY id LIMIT $6
"""  # noqa: S608 - a condition of our own
ONE = f"SELECT * FROM saved_filter WHERE {_SEEN} AND id = $3"  # noqa: S608 - as above
INSERT = """
INSERT INTO saved_filter (id, desk, owner, list, name, query, shared, version, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)
"""
UPDATE = """
UPDATE saved_filter SET name = coalesce($3, name), query = coalesce($4, query), shared = coalesce($5, shared),
    version = version + 1, changed_at = $6
WHERE id = $1 AND version = $2 RETURNING *
"""
DELETE = "DELETE FROM saved_filter WHERE id = $1 AND version = $2 RETURNING id"
_BY_ID = Keyset("id", {"id": UUID})
_NO_LIST = Text("нет такого списка", "there is no such list")


@cache
def filters_router(service: str) -> APIRouter:
    """Return the routes; the app's lifespan must have set `app.state.ctx` with a `core`."""
    router = api_router(f"/{service}/v1/filters", tags=["filters"], route_class=IdempotentRoute)
    router.get("", operation_id=f"list_{service}_filters")(_list)
    router.post("", operation_id=f"save_{service}_filter", status_code=201)(_save)
    router.get("/{filter_id}", operation_id=f"get_{service}_filter")(_get)
    router.patch("/{filter_id}", operation_id=f"change_{service}_filter")(_change)
    router.delete("/{filter_id}", operation_id=f"delete_{service}_filter")(_delete)
    return router


async def _list(
    request: Request,
    caller: Myself,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    of: Annotated[str | None, Query(alias="list", max_length=64, description="operation id of a list")] = None,
) -> Page[FilterOut]:
    """List the caller's own filters, and those that are shared with their desks."""
    rows = await _core(request).db.pool.fetch(LIST, *_whose(caller), desk, of, *_BY_ID.parameters(page))
    return _BY_ID.cut(rows, page).page(lambda row: _shown(row, caller))


@refuses("already_exists", "forbidden", "not_found", "validation_failed")
async def _save(request: Request, body: FilterIn, caller: Myself, response: Response) -> FilterOut:
    """Save a filter of a list under a name; every parameter that does not fit the list is named."""
    if not caller.may_see(body.desk):
        raise Problem(404, "not_found")
    _check(request, caller, body.list, body.query, shared=body.shared)
    core, filter_id = _core(request), uuid7()
    words = body.desk, caller.sub, body.list, body.name, body.query, body.shared
    await _written(core, INSERT, filter_id, *words, core.clock.now())
    set_location(response, request.url.path, filter_id)
    return await _get(request, filter_id, caller, response)


async def _get(request: Request, filter_id: UUID, caller: Myself, response: Response) -> FilterOut:
    """Return a filter."""
    found = _shown(await _row(request, caller, filter_id), caller)
    set_etag(response, found.version)
    return found


@refuses("already_exists", "forbidden", "validation_failed")
async def _change(
    request: Request, filter_id: UUID, body: FilterPatch, seen: IfMatch, caller: Myself, response: Response
) -> FilterOut:
    """Change a filter: the caller's own, or a shared one of their desk as a supervisor."""
    row = await _own(request, caller, filter_id)
    query = row["query"] if body.query is None else body.query
    _check(request, caller, row["list"], query, shared=bool(body.shared))
    core = _core(request)
    given = None if body.query is None else dict(body.query)
    changed = await _written(core, UPDATE, filter_id, seen, body.name, given, body.shared, core.clock.now())
    if changed is None:
        raise await _stale(request, caller, filter_id)
    # As written: who ends the sharing of a colleague's filter sees it no more.
    found = _shown(changed, caller)
    set_etag(response, found.version)
    return found


@refuses("forbidden")
async def _delete(request: Request, filter_id: UUID, seen: IfMatch, caller: Myself) -> FilterOut:
    """Delete a filter, and return it."""
    row = await _own(request, caller, filter_id)
    if await _written(_core(request), DELETE, filter_id, seen) is None:
        raise await _stale(request, caller, filter_id)
    return _shown(row, caller)


def _check(
    request: Request, caller: Principal, of: str, query: dict[str, tuple[str, ...]], *, shared: bool
) -> None:
    """Raise Problem 403 for who may not share, 422 with every fault of the filter."""
    if shared and not _manages(caller):
        raise Problem(403, "forbidden")
    route = list_of(request.app.routes, of)
    faults = [Fault("/list", "unknown_list", _NO_LIST)] if route is None else faults_of(route, query)
    if faults:
        raise Problem(422, "validation_failed", errors=faults)


async def _own(request: Request, caller: Principal, filter_id: UUID) -> Record:
    row = await _row(request, caller, filter_id)
    if row["owner"] != caller.sub and not _manages(caller):
        raise Problem(403, "forbidden")
    return row


async def _row(request: Request, caller: Principal, filter_id: UUID) -> Record:
    row = await _core(request).db.pool.fetchrow(ONE, *_whose(caller), filter_id)
    if row is None:
        raise Problem(404, "not_found")
    return row


async def _written(core: Core, statement: str, *values: object) -> Record | None:
    """Return the row of a statement in a transaction of its own. Raises Problem 409 for a name that is taken."""
    async with core.db.begin() as tx:
        try:
            done = await tx.conn.fetchrow(statement, *values)
        except UniqueViolationError:
            raise Problem(409, "already_exists") from None
        await tx.commit()
    return done


async def _stale(request: Request, caller: Principal, filter_id: UUID) -> Problem:
    current = _shown(await _row(request, caller, filter_id), caller)
    return stale(current)


def _manages(caller: Principal) -> bool:
    return caller.has(Role.SUPERVISOR, Role.ADMIN)


def _whose(caller: Principal) -> tuple[str, list[str] | None]:
    return caller.sub, None if caller.sees_all_desks else sorted(caller.desks)


def _shown(row: Record, caller: Principal) -> FilterOut:
    return FilterOut.model_validate({**row, "mine": row["owner"] == caller.sub})


def _core(request: Request) -> Core:
    return cast("Core", request.app.state.ctx.core)
