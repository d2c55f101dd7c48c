"""Proposing, approving and retiring templates (S2.5): every edit is a new version, usable after its approval."""

from collections.abc import Collection
from datetime import datetime

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Database, Transaction
from services.notifications.errors import AmbiguousDeskError, HeadApprovesError, MalformedBodyError, NotFoundError
from services.notifications.templates.convert import Wording
from services.notifications.templates.rules import faults_of, may_approve
from services.notifications.templates.store import (
    Row,
    add_version,
    announce,
    approve_version,
    proposal,
    retire_template,
)

# The desks that have a template, or a version of it.
DESKS = """
SELECT DISTINCT desk FROM template
WHERE code = $1 AND ($2::int IS NULL OR version = $2)
  AND ($3::text[] IS NULL OR desk = ANY($3::text[])) AND ($4::text IS NULL OR desk = $4)
"""


async def propose(db: Database, desk: str, code: str, wording: Wording, by: str, now: datetime) -> Row:
    """Store a new version. Raises MalformedBodyError; AlreadyExistsError when the newest says the same."""
    if found := faults_of(wording.version):
        raise MalformedBodyError(found)
    async with db.begin() as tx:
        row = await add_version(tx, desk, code, wording, by, now)
        await tx.commit()
    return row


async def approve(
    db: Database,
    where: tuple[str, int],
    desk: str | None,
    desks: Collection[str] | None,
    caller: Principal,
    now: datetime,
    cause: Cause,
) -> Row:
    """Make a version (`where`: code, number) usable; approving it again changes nothing.

    Raises NotFoundError, AmbiguousDeskError, HeadApprovesError, SupersededError, TemplateRetiredError.
    """
    admin, supervisor = caller.has(Role.ADMIN), caller.has(Role.SUPERVISOR)
    async with db.begin() as tx:
        target = await _desk(tx, *where, desk, desks)
        found = await proposal(tx, target, where)
        if not may_approve(found, caller.sub, admin=admin, supervisor=supervisor):
            raise HeadApprovesError(found.head_name)
        row = await approve_version(tx, target, where, caller.sub, now, cause)
        await tx.commit()
    return row


async def retire(
    db: Database, code: str, desk: str | None, desks: Collection[str] | None, by: str, now: datetime, cause: Cause
) -> str:
    """Take a desk's template out of use and return the desk; retiring it again changes nothing.

    Raises NotFoundError, AmbiguousDeskError.
    """
    async with db.begin() as tx:
        target = await _desk(tx, code, None, desk, desks)
        await retire_template(tx, target, code, by, now, cause)
        await tx.commit()
    return target


async def _desk(
    tx: Transaction, code: str, version: int | None, desk: str | None, desks: Collection[str] | None
) -> str:
    rows = await tx.conn.fetch(DESKS, code, version, None if desks is None else list(desks), desk)
    if not rows:
        raise NotFoundError
    if len(rows) > 1:
        raise AmbiguousDeskError
    found: str = rows[0]["desk"]
    return found


async def announce_templates(db: Database, now: datetime) -> int:
    """Publish the templates of an earlier release that are in use, once; return how many."""
    async with db.begin() as tx:
        found = await announce(tx, now)
        await tx.commit()
    return found
