"""The absences of a desk's document: what it changes of those that have not ended, and the change itself."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from libs.common.platform.configuration import Action, BadConfigurationError, Call, PartChange
from libs.common.platform.db import Transaction
from libs.common.platform.http.faults import pointer
from libs.common.platform.http.problems import Fault, NotKnownYetError
from libs.common.platform.ids import uuid7
from services.assignment.absences import store
from services.assignment.absences.convert import Plain, ahead, stored
from services.assignment.absences.rules import faults
from services.assignment.configuration.queries import Found
from services.assignment.configuration.schemas import AssignmentPart

KIND = "absence"


def absence_changes(found: Found, wanted: AssignmentPart, now: datetime) -> Iterator[PartChange]:
    """Yield whose absences a document changes; what has ended is no change."""
    if wanted.absences is None:
        return
    had, asked = stored(found.absences), ahead(wanted.absences, found.zone or "UTC", now)
    for subject in sorted({*had, *asked}):
        before, after = had.get(subject, {}).keys(), asked.get(subject, {}).keys()
        if before != after:
            action = Action.CHANGE if before and after else Action.CREATE if after else Action.RETIRE
            yield PartChange(action=action, kind=KIND, code=subject)


async def write_absences(tx: Transaction, call: Call, found: Found, wanted: AssignmentPart, now: datetime) -> None:
    """Cancel and plan what differs. Raises BadConfigurationError with every fault, NotKnownYetError."""
    if found.zone is None and call.plan is not None:
        raise NotKnownYetError([{"pointer": "/absences", "kind": "desk", "name": call.desk, "nearest": []}])
    zone, wrong = found.zone or "UTC", list[Fault]()
    had, asked = stored(found.absences), ahead(wanted.absences or {}, zone, now)
    for subject in sorted({*had, *asked}):
        before, after = had.get(subject, {}), asked.get(subject, {})
        for one in before.keys() - after.keys():
            await tx.conn.execute(store.CANCEL, before[one])
        new = {one: number for one, number in after.items() if one not in before}
        if new:
            wrong += await _plan(tx, call, subject, new, wanted, zone, now)
    if wrong:
        raise BadConfigurationError(wrong)


async def _plan(
    tx: Transaction,
    call: Call,
    subject: str,
    new: Mapping[Plain, int],
    wanted: AssignmentPart,
    zone: str,
    now: datetime,
) -> list[Fault]:
    """Plan the absences of one operator, and return what is wrong with them."""
    row = await tx.conn.fetchrow(store.BY_SUBJECT, subject, call.desk)
    if row is None:
        return [Fault(pointer([store.ABSENCES, subject]), "unknown_operator", f"no operator {subject!r}")]
    wrong: list[Fault] = []
    for one, number in sorted(new.items()):
        part = (wanted.absences or {})[subject][number]
        deputy: UUID | None = await tx.conn.fetchval(store.DEPUTY_BY_SUBJECT, part.deputy, call.desk)
        asked = part.asked(row["id"], deputy or (UUID(int=0) if part.deputy else None))
        found = faults(asked, zone, now, active=row["active"], deputy_works=deputy is not None)
        at = [store.ABSENCES, subject, number]
        wrong += [Fault(pointer([*at, *_member(each.field)]), each.code, each.code) for each in found]
        hours = one.starts_at, one.ends_at
        if not found and await tx.conn.fetchval(store.BESIDE, row["id"], *hours) is not None:
            wrong.append(Fault(pointer(at), "absence_overlaps", "another absence is planned then"))
        elif not found:
            what = one.reason, deputy, now, call.actor
            await tx.conn.execute(store.ADD, uuid7(), call.desk, row["id"], *hours, *what)
    return wrong


def _member(field: str) -> tuple[str, ...]:
    """Return the member of the document that a fault is about; the operator is its key."""
    return {"operator_id": (), "deputy_id": ("deputy",)}.get(field, (field,))
