"""Reads of playbooks: of the shared library and of the caller's desks."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.tasks.errors import NotFoundError
from services.tasks.playbooks.actions import LIBRARY, VersionView
from services.tasks.playbooks.model import Title

_ACTIVE = """
ARRAY(SELECT a.desk FROM playbook_activation a
      WHERE a.code = p.code AND a.version = p.version AND ($1 OR a.desk = ANY($2::text[]))
      ORDER BY a.desk) AS active_at
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


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version, the desks where it is active, and its text."""

    view: VersionView
    active_at: tuple[str, ...]
    source: str


async def list_playbooks(
    db: Database, caller: Principal, after: tuple[str, str] | None, limit: int
) -> Sequence[StoredVersion]:
    """Return the newest version of each code and owner."""
    code, desk = after or (None, None)
    return [_read(row) for row in await db.pool.fetch(LATEST, *_scope(caller), code, desk, limit)]


async def list_versions(
    db: Database, caller: Principal, code: str, before: int | None, limit: int
) -> Sequence[StoredVersion]:
    """Return the versions of a code, newest first."""
    return [_read(row) for row in await db.pool.fetch(VERSIONS, *_scope(caller), code, before, limit)]


async def get_version(db: Database, caller: Principal, code: str, version: int | None) -> StoredVersion:
    """Return a version, the newest unless one is named. Raises NotFoundError."""
    found = await list_versions(db, caller, code, None if version is None else version + 1, 1)
    if not found or (version is not None and found[0].view.version != version):
        raise NotFoundError
    return found[0]


def _scope(caller: Principal) -> tuple[bool, list[str]]:
    return caller.sees_all_desks, [LIBRARY, *caller.desks]


def _read(row: asyncpg.Record) -> StoredVersion:
    title = Title(row["title_ru"], row["title_en"])
    view = VersionView(row["code"], row["version"], title, row["desk"], row["created_at"], row["created_by"])
    return StoredVersion(view, tuple(row["active_at"]), row["source"])
