"""Reads of playbooks: the shared library, and those of the caller's desks."""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, Keyset, PageQuery
from services.tasks.context import Context
from services.tasks.errors import NotFoundError
from services.tasks.playbooks.actions import LIBRARY, VersionView
from services.tasks.playbooks.standing import Missing, missing
from services.tasks.playbooks.store import names_of
from services.tasks.playbooks.terms import Title

_ACTIVE = """
ARRAY(SELECT a.desk FROM playbook_activation a
      WHERE a.code = p.code AND a.version = p.version AND ($1 OR a.desk = ANY($2::text[]))
      ORDER BY a.desk) AS active_at,
(SELECT COALESCE(jsonb_object_agg(a.desk, a.version ORDER BY a.desk), '{}') FROM playbook_activation a
 JOIN playbook o USING (code, version)
 WHERE a.code = p.code AND o.desk = p.desk AND ($1 OR a.desk = ANY($2::text[]))) AS active
"""
LATEST = f"""
SELECT DISTINCT ON (p.code, p.desk) p.*, {_ACTIVE} FROM playbook p
WHERE ($1 OR p.desk = ANY($2::text[])) AND ($3::text IS NULL OR (p.code, p.desk) > ($3, $4))
ORDER BY p.code, p.desk, p.version DESC LIMIT $5
"""  # noqa: S608 - clauses of our own
VERSIONS = f"""
SELECT p.*, {_ACTIVE} FROM playbook p
WHERE ($1 OR p.desk = ANY($2::text[])) AND p.code = $3 AND ($4::int IS NULL OR p.version < $4)
ORDER BY p.version DESC LIMIT $5
"""  # noqa: S608 - clauses of our own
_BY_CODE = Keyset("code", {"code": str, "desk": str})
_NEWEST_FIRST = Keyset("-version", {"version": int})


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version, the desks where it is active, the version that each desk has of the playbook, and its text."""

    view: VersionView
    active_at: tuple[str, ...]
    active: Mapping[str, int]
    source: str


async def list_playbooks(db: Database, caller: Principal, desk: str | None, page: PageQuery) -> Cut[asyncpg.Record]:
    """Return the newest version of each code and owner, as rows for `read_version`.

    `desk`: of those that it may use, its own and shared ones.
    """
    scope = _scope(caller)
    if desk is not None:
        scope = False, [LIBRARY, desk] if caller.may_see(desk) else []
    rows = await db.pool.fetch(LATEST, *scope, *_BY_CODE.parameters(page))
    return _BY_CODE.cut(rows, page)


async def list_versions(db: Database, caller: Principal, code: str, page: PageQuery) -> Cut[asyncpg.Record]:
    """Return the versions of a code, newest first, as rows for `read_version`."""
    rows = await db.pool.fetch(VERSIONS, *_scope(caller), code, *_NEWEST_FIRST.parameters(page))
    return _NEWEST_FIRST.cut(rows, page)


async def get_version(db: Database, caller: Principal, code: str, version: int | None) -> StoredVersion:
    """Return a version, the newest unless one is named. Raises NotFoundError."""
    before = None if version is None else version + 1
    row = await db.pool.fetchrow(VERSIONS, *_scope(caller), code, before, 1)
    if row is None or (version is not None and row["version"] != version):
        raise NotFoundError
    return read_version(row)


async def version_in_use(
    db: Database, caller: Principal, code: str, version: int | None, desk: str | None
) -> StoredVersion:
    """Return a version: the one named, else that of the desk or the newest that any desk has, else the newest.

    Raises NotFoundError.
    """
    found = await get_version(db, caller, code, version)
    if version is not None or not found.active:
        return found
    return await get_version(db, caller, code, found.active.get(desk or "", max(found.active.values())))


def _scope(caller: Principal) -> tuple[bool, list[str]]:
    return caller.sees_all_desks, [LIBRARY, *caller.desks]


def read_version(row: asyncpg.Record) -> StoredVersion:
    """Return a stored version."""
    title = Title(row["title_ru"], row["title_en"])
    view = VersionView(row["code"], row["version"], title, row["desk"], row["created_at"], row["created_by"])
    return StoredVersion(view, tuple(row["active_at"]), row["active"], row["source"])


async def missing_of(ctx: Context, code: str, version: int, desk: str) -> tuple[Missing, ...]:
    """Return the names of a version that a desk does not have."""
    async with ctx.db.begin() as tx:
        playbook = await ctx.playbooks.get(tx.conn, code, version)
        return missing(playbook, await names_of(tx.conn, desk))
