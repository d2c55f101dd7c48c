"""What a rehearsal comes to: lines to read, in the order of the services, and what would not work with its mend."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson

from libs.common.domain.eligibility import Refusal
from libs.common.rehearsal.answers import Candidate, Decided, Missing, Rehearsed, Said, Tried, Worked

#: What changes once the desk is changed, and not when a shift begins.
LASTING = frozenset({
    Refusal.INACTIVE, Refusal.WRONG_ROLE, Refusal.WRONG_DESK, Refusal.NOT_IN_POOL, Refusal.PRODUCT_UNKNOWN,
})  # fmt: skip
#: Of this person, and of no other one: the desk is right.
OF_THE_PERSON = frozenset({"no_address", "opted_out", "unreachable", "deadline_passed"})


def lines_of(found: Rehearsed) -> Iterator[str]:
    """Yield what each service understood and would do."""
    yield from _tried(found.tried)
    if found.worked is None:
        yield "tasks: nothing begins"
        return
    yield from _worked(found.worked, _zone(found.tried))
    for decided in found.decided:
        yield from _decided(decided)
    for said in found.said:
        yield from _said(said, _zone(found.tried))


def faults_of(found: Rehearsed) -> Iterator[str]:
    """Yield what would not work, each with what to do about it."""
    yield from _refused(found)
    if found.worked is not None and found.worked.waits_for is not None:
        yield _missing(found.worked.waits_for, found.desk)
    for decided in found.decided:
        yield from _unheld(decided)
    for said in found.said:
        yield from _unsent(said)


def _zone(tried: Tried) -> ZoneInfo:
    return ZoneInfo(tried.lead_read.zone if tried.lead_read else "UTC")


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def _tried(tried: Tried) -> Iterator[str]:
    yield f"intake: {tried.disposition}" + (f" ({tried.reason})" if tried.reason else "")
    for order in tried.understood:
        for name in ("name", "phone", "email", "amount", "external_id"):
            value, place = getattr(order, name), order.places.get(name)
            if value is not None:
                yield f"  {name}: {value}" + (f" (from {place})" if place else "")
    for note in tried.notes:
        yield f"  note: {note.field} {note.code}" + (f": {note.detail}" if note.detail else "")
    if lead := tried.lead_read:
        yield f"  customer: {'known' if tried.customer_id else 'new'}"
        signals = f", signals {', '.join(lead.signals)}" if lead.signals else ""
        yield f"  lead: playbook {lead.playbook}, {lead.language}, {lead.zone}{signals}"


def _worked(worked: Worked, zone: ZoneInfo) -> Iterator[str]:
    if worked.waits_for is not None:
        yield f"tasks: the lead would wait for the playbook {worked.waits_for.playbook}"
    for process in worked.processes:
        yield f"tasks: {process.playbook}, version {process.playbook_version}, status {process.status or '–'}"
        for task in process.tasks:
            when = "now" if task.offer_from <= worked.at else f"from {_at(task.offer_from, zone)}"
            how = f"operators take it {when}" if task.work is None else f"an operator is asked for {when}"
            yield f"  task: {task.title}, pool {task.pool}, due {_at(task.due_at, zone)}, {how}"
        if process.ended_at is not None:
            yield "  it ends at once"


def _decided(decided: Decided) -> Iterator[str]:
    who = decided.operator_name or "no operator"
    yield f"assignment: {decided.pool}: {who} ({decided.reason.title})"
    for one in decided.candidates:
        if one.reasons:
            yield f"  not {one.operator_name}: {', '.join(reason.title for reason in one.reasons)}"


def _said(said: Said, zone: ZoneInfo) -> Iterator[str]:
    when = f"at {_at(said.at, zone)}" if said.state == "pending" else f"not sent: {said.code}"
    yield f"notifications: {said.template}, {when}"
    for rung in said.rungs:
        size = f", {rung.segments} SMS" if rung.segments else ""
        why = f", not by it: {rung.code}" if rung.code else ""
        yield f"  {rung.channel} by {rung.provider}{size}{why}" + (f": {rung.text}" if rung.text else "")


def _refused(found: Rehearsed) -> Iterator[str]:
    tried = found.tried
    if tried.disposition != "quarantined":
        return
    for mend in tried.mends:
        patch = orjson.dumps(mend.patch).decode() if mend.patch else None
        how = f" PATCH /intake/v1/sources/{found.source_id} {patch}" if patch else ""
        yield f"intake: {mend.text.en}{how}"
    if not tried.mends:
        yield f"intake: the request is not understood: {tried.reason}"


def _missing(missing: Missing, desk: str) -> str:
    if not missing.desk_exists:
        return f"tasks: there is no desk {desk}: make it, by `dozvon desk apply`"
    if not missing.playbook_exists:
        return f"tasks: there is no playbook {missing.playbook}: name it in the desk's file, or change the source's"
    return (
        f"tasks: the playbook {missing.playbook} is not active:"
        f" POST /tasks/v1/playbooks/{missing.playbook}/activate, or name it in the desk's file"
    )


def _unheld(decided: Decided) -> Iterator[str]:
    if decided.operator_name is not None or not all(map(_never, decided.candidates)):
        return
    if not decided.pool_exists:
        yield f"assignment: there is no pool {decided.pool}: name it in the desk's file"
    elif not decided.candidates:
        yield f"assignment: the pool {decided.pool} has no operators: name it among an operator's pools"
    else:
        yield f"assignment: no operator of the pool {decided.pool} can ever take it: change their role or products"


def _never(candidate: Candidate) -> bool:
    return any(reason.code in LASTING for reason in candidate.reasons)


def _unsent(said: Said) -> Iterator[str]:
    codes = {rung.code for rung in said.rungs}
    if said.state == "pending":
        if None not in codes:
            yield f"notifications: {said.template} would not leave: {_of_channel(said)}"
    elif said.code not in OF_THE_PERSON and not (codes and codes <= OF_THE_PERSON):
        yield f"notifications: {_of_message(said)}"


def _of_channel(said: Said) -> str:
    rung = said.rungs[0]
    if rung.code == "window_closed":
        return f"{rung.channel} takes a registered template alone: name it in the template's `variants`"
    return f"the channel {rung.channel} by {rung.provider} is halted: look at it, then PATCH it"


def _of_message(said: Said) -> str:
    match said.code:
        case "template_not_approved":
            path = f"/notifications/v1/templates/{said.template}/versions/…/approve"
            return f"the template {said.template} is not approved: POST {path}, or name it in the desk's file"
        case "no_channel":
            return f"{said.template}: {said.detail}: name one under `channels` of the desk's file"
        case "template_unfilled":
            return f"the template {said.template} has placeholders without a value: {said.detail}"
        case "template_mistyped":
            return (
                f"the template {said.template} has values that are not of their placeholder's type: {said.detail}"
            )
        case _:
            return f"{said.template} would not be sent: {said.code} {said.detail or ''}".rstrip()
