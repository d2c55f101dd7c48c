"""Use case: a desk and its playbooks as one document, planned or applied (docs/adr/0016)."""

from collections.abc import Iterator, Mapping

from libs.common.platform import configuration
from libs.common.platform.configuration import BadConfigurationError, Call, PartChange
from libs.common.platform.db import Transaction
from libs.common.platform.erasure.kept import write_retention
from libs.common.platform.http.problems import Fault
from services.tasks.configuration.queries import read_part
from services.tasks.configuration.schemas import TasksConfigured, TasksPart, UsedName
from services.tasks.context import Context
from services.tasks.desks.actions import add_desk, update_desk
from services.tasks.engine.variables import fillable
from services.tasks.erasures.schemas import TasksRetention
from services.tasks.playbooks.actions import LIBRARY, checked, start_on, store_version
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.source import InvalidPlaybookError
from services.tasks.playbooks.standing import used

RETENTION = "retention"
# The newest version of this very text that the desk may have: posting a text again makes no new version.
SAME_TEXT = """
SELECT max(version) FROM playbook WHERE code = $1 AND source = $2 AND desk = ANY($3::text[])
"""


async def configure(ctx: Context, call: Call, wanted: TasksPart) -> tuple[TasksConfigured, TasksPart | None]:
    """Apply a document, or say what applying it would do; return that, and what the desk has now.

    Raises BadConfigurationError with every fault, StaleConfigurationError.
    """
    playbooks = _checked(wanted)
    async with ctx.db.begin() as tx:
        await configuration.begin(tx, call.desk)
        before = await read_part(tx.conn, call.desk)
        configuration.check(call.plan, before)
        changes = _changes(call.desk, before, wanted)
        await _apply(ctx, tx, call, wanted, playbooks, {(change.kind, change.code): change for change in changes})
        if call.plan is None:
            now = before
        else:
            now = await read_part(tx.conn, call.desk)
            await tx.commit()
    uses = tuple(use for code, playbook in playbooks.items() for use in _uses(code, playbook))
    return TasksConfigured(desk=call.desk, document=before, mode=call.mode, changes=tuple(changes), uses=uses), now


def _uses(code: str, playbook: Playbook) -> Iterator[UsedName]:
    fills = {f"/messages/{each.code}/template": fillable(playbook, each) for each in playbook.messages.values()}
    for path, kind, name in used(playbook):
        yield UsedName(playbook=code, path=path, kind=kind, name=name, fills=fills.get(path, ()))


def _checked(wanted: TasksPart) -> Mapping[str, Playbook]:
    """Return the playbooks of a document. Raises BadConfigurationError."""
    found: dict[str, Playbook] = {}
    faults: list[Fault] = []
    for code, part in (wanted.playbooks or {}).items():
        try:
            found[code] = checked(part.source)
        except InvalidPlaybookError as error:
            faults += [
                Fault(f"/playbooks/{code}{each.path}", each.code, f"line {each.line}: {each.detail}")
                for each in error.faults
            ]
            continue
        if found[code].code != code:
            faults.append(Fault(f"/playbooks/{code}", "other_code", f"the text is that of {found[code].code!r}"))
    if faults:
        raise BadConfigurationError(faults)
    return found


def _changes(desk: str, before: TasksPart | None, wanted: TasksPart) -> list[PartChange]:
    had = {} if before is None else {code: part.model_dump() for code, part in (before.playbooks or {}).items()}
    texts = {code: part.model_dump() for code, part in (wanted.playbooks or {}).items()}
    kept = {code: part for code, part in had.items() if code in texts}
    days = before.retention if before is not None else None
    return [
        *configuration.changed("desk", desk, before, wanted, without={"playbooks", RETENTION}),
        *configuration.changes("playbook", kept, texts),
        *configuration.rule_changed(RETENTION, days or TasksRetention(), wanted.retention),
    ]


async def _apply(
    ctx: Context,
    tx: Transaction,
    call: Call,
    wanted: TasksPart,
    playbooks: Mapping[str, Playbook],
    changes: Mapping[tuple[str, str], PartChange],
) -> None:
    desk = changes.get(("desk", call.desk))
    if desk is not None and desk.action is configuration.Action.CREATE:
        await add_desk(ctx, tx, wanted.spec(call.desk), call.cause)
    elif desk is not None:
        await update_desk(ctx, tx, wanted.spec(call.desk), call.cause)
    for code, playbook in playbooks.items():
        if ("playbook", code) in changes:
            await _start(ctx, tx, call, playbook, (wanted.playbooks or {})[code].source)
    if wanted.retention is not None:
        await write_retention(tx.conn, call.desk, wanted.retention, call.actor)


async def _start(ctx: Context, tx: Transaction, call: Call, playbook: Playbook, source: str) -> None:
    """Make a text the desk's active version."""
    version = await tx.conn.fetchval(SAME_TEXT, playbook.code, source, [call.desk, LIBRARY])
    if version is None:
        version = (await store_version(ctx, tx, playbook, source, call.actor, call.desk)).version
    await start_on(ctx, tx, playbook, version, call.desk, call.actor, call.cause)
