"""Use cases of playbooks: each text becomes an immutable version; a desk activates one without a restart (P.4)."""

from dataclasses import dataclass
from datetime import datetime

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.desks import PlaybookActivated
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import NotKnownYetError
from services.tasks.context import Context
from services.tasks.errors import BadPlaybookError, MisspeltError, NotFoundError, no_desk
from services.tasks.playbooks.convert import activated, awaited
from services.tasks.playbooks.faults import PlaybookFault
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.model import FREE, Playbook
from services.tasks.playbooks.source import InvalidPlaybookError
from services.tasks.playbooks.standing import missing, slips, unheard
from services.tasks.playbooks.store import names_of
from services.tasks.playbooks.terms import Title
from services.tasks.playbooks.vocabulary import VOCABULARY
from services.tasks.playbooks.waiting import release_leads

LIBRARY = "*"  # the desk of versions that all desks share

# Versions of a code are numbered across all desks, so that (code, version) identifies one text. The lock keeps the
# numbers ascending when several callers post at once.
TURN = "SELECT pg_advisory_xact_lock(hashtext('playbook'), hashtext($1))"
INSERT = """
INSERT INTO playbook (code, version, desk, title_ru, title_en, source, created_at, created_by)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7 FROM playbook WHERE code = $1
RETURNING version
"""
NEWEST = """
SELECT code, version, title_ru, title_en, desk, created_at, created_by, source = $2 AND desk = $3 AS same
FROM playbook WHERE code = $1 ORDER BY version DESC LIMIT 1
"""
EXISTS = "SELECT 1 FROM playbook WHERE code = $1 AND version = $2 AND desk = ANY($3::text[])"
DESK_EXISTS = "SELECT 1 FROM desk WHERE desk = $1"
ACTIVATE = """
INSERT INTO playbook_activation AS a (desk, code, version, activated_at, activated_by, announced_version,
                                      announced_whole)
VALUES ($1, $2, $3, $4, $5, $3, $3)
ON CONFLICT (desk, code) DO UPDATE SET version = excluded.version, activated_at = excluded.activated_at,
    activated_by = excluded.activated_by, announced_version = excluded.announced_version,
    announced_whole = excluded.announced_whole
WHERE a.version <> excluded.version RETURNING version
"""

# Locked in order: a worker that comes second waits, and finds them announced.
ANNOUNCE = """
UPDATE playbook_activation SET announced_version = version, announced_whole = version
WHERE (desk, code) IN (
    SELECT desk, code FROM playbook_activation WHERE announced_whole IS DISTINCT FROM version
    ORDER BY desk, code FOR UPDATE
)
RETURNING desk, code, version, activated_by
"""


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a playbook."""

    code: str
    version: int
    title: Title
    desk: str
    created_at: datetime
    created_by: str
    is_new: bool = True


async def add_version(ctx: Context, source: str, actor: str, desk: str | None = None) -> VersionView:
    """Store a text as the next version of the code it names; the newest one is not stored again (`is_new` false).

    Raises BadPlaybookError with every fault.
    """
    try:
        playbook = checked(source)
    except InvalidPlaybookError as error:
        raise BadPlaybookError(error) from error
    async with ctx.db.begin() as tx:
        await tx.conn.execute(TURN, playbook.code)
        row = await tx.conn.fetchrow(NEWEST, playbook.code, source, desk or LIBRARY)
        if row is not None and row["same"]:
            title = Title(row["title_ru"], row["title_en"])
            made = row["desk"], row["created_at"], row["created_by"]
            return VersionView(row["code"], row["version"], title, *made, is_new=False)
        view = await store_version(ctx, tx, playbook, source, actor, desk or LIBRARY)
        await tx.commit()
        return view


def checked(source: str) -> Playbook:
    """Return the playbook of a text that a desk may have. Raises InvalidPlaybookError with every fault."""
    playbook = parse(source, VOCABULARY)
    if playbook.code == FREE:
        fault = PlaybookFault(1, "/playbook", "reserved_code", f"{FREE!r} is the built-in playbook of free tasks")
        raise InvalidPlaybookError([fault])
    return playbook


async def store_version(
    ctx: Context, tx: Transaction, playbook: Playbook, source: str, actor: str, owner: str
) -> VersionView:
    """Store the next version of a checked text in the caller's transaction."""
    await tx.conn.execute(TURN, playbook.code)
    title, now = playbook.title, ctx.now()
    version = await tx.conn.fetchval(INSERT, playbook.code, owner, title.ru, title.en, source, now, actor)
    return VersionView(playbook.code, version, title, owner, now, actor)


async def activate(ctx: Context, code: str, version: int, desk: str, actor: str, cause: Cause) -> int:
    """Start a desk's new leads on a version; leads in progress keep theirs.

    Returns the number of waiting leads that were released. Raises NotFoundError, MisspeltError, NotKnownYetError.
    """
    async with ctx.db.begin() as tx:
        known = await tx.conn.fetchval(EXISTS, code, version, [desk, LIBRARY])
        if known is None:
            raise NotFoundError(_no_version(f"{code}, {version}"))
        if await tx.conn.fetchval(DESK_EXISTS, desk) is None:
            raise NotFoundError(no_desk(desk))
        playbook = await ctx.playbooks.get(tx.conn, code, version)
        lacking = missing(playbook, await names_of(tx.conn, desk))
        if misspelt := slips(lacking):
            raise MisspeltError(misspelt)
        if unknown := unheard(lacking):
            raise NotKnownYetError([awaited(each) for each in unknown])
        released = await start_on(ctx, tx, playbook, version, desk, actor, cause)
        await tx.commit()
        return released


async def start_on(
    ctx: Context, tx: Transaction, playbook: Playbook, version: int, desk: str, actor: str, cause: Cause
) -> int:
    """Start a desk's new leads on a version that it may have, in the caller's transaction; see `activate`."""
    code = playbook.code
    if await tx.conn.fetchval(ACTIVATE, desk, code, version, ctx.now(), actor) is not None:
        old = PlaybookActivated(code=code, version=version, actor=actor)
        events = old, activated(playbook, version, desk, actor)
        await outbox.add(tx, [Outgoing(f"desk:{desk}", desk, ctx.now(), data, cause) for data in events])
    return await release_leads(tx.conn, desk, code)


async def announce(ctx: Context) -> int:
    """Publish every active playbook whose version has not been published whole; returns how many.

    Those are the ones that an earlier release activated, before the upgrade or while it still runs beside this one.
    """
    async with ctx.db.begin() as tx:
        events = []
        for row in await tx.conn.fetch(ANNOUNCE):
            desk, version = row["desk"], row["version"]
            playbook = await ctx.playbooks.get(tx.conn, row["code"], version)
            data = activated(playbook, version, desk, row["activated_by"])
            events.append(Outgoing(f"desk:{desk}", desk, ctx.now(), data, Cause.fresh()))
        await outbox.add(tx, events)
        await tx.commit()
        return len(events)


def _no_version(what: str) -> Text:
    return Text(f"нет такой версии плейбука: {what}", f"no such version of a playbook: {what}")
