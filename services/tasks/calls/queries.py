"""Reads of calls: who calls and who should ring, and what became of missed calls."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from libs.common.contracts.shared import CallsGoTo
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.language import Language
from libs.common.platform.http.wire import CustomerOut
from services.tasks.calls.rules import (
    CALL_BACK_WITHIN,
    LONGEST_TALK,
    MissedIs,
    Ring,
    RingReason,
    line_of,
    rings,
    spelled,
)
from services.tasks.calls.schemas import CallerLead, CallerOut, CallerPartner, CallerTask, MissedReport, RingOut
from services.tasks.context import Context
from services.tasks.playbooks.terms import Title
from services.tasks.tasks.customers import may_call

# One statement, each step of it by an index: a telephony waits for it while a customer hears the first ring. Of
# operators who are there: the lead's owner, who has its task, who works the partner's leads, then the pool of the
# task, or for a stranger all who work at the desk. Who has been without a call for longest comes first, who speaks
# comes last.
CALLER = """
WITH lead AS (
    SELECT id, lead_id, customer_id, playbook, status, stage, owner_id, partner_id, person, facts ->> 'zone' AS zone
    FROM process
    WHERE desk = $1 AND person ->> 'phone' = $2 AND ended_at IS NULL AND lead_id IS NOT NULL
    ORDER BY started_at DESC LIMIT 1
), work AS (
    SELECT t.* FROM lead l JOIN task t ON t.lead_id = l.lead_id AND t.state = 'active'
    ORDER BY t.operator_id IS NULL, t.important DESC, t.rank, t.due_at, t.id LIMIT 1
), card AS (
    SELECT * FROM (
        SELECT p.* FROM partner p WHERE p.id = (SELECT partner_id FROM lead) AND p.active
        UNION ALL
        SELECT p.* FROM partner p WHERE p.desk = $1 AND p.active AND p.lines @> jsonb_build_array($3::text)
    ) AS found LIMIT 1
), staff AS (
    SELECT o.id, o.name, o.extension,
           CASE WHEN o.id = (SELECT owner_id FROM lead) THEN 1 WHEN o.id = (SELECT operator_id FROM work) THEN 2
                WHEN o.id = (SELECT operator_id FROM card) THEN 3 ELSE 4 END AS place,
           (SELECT max(c.at) FROM call c WHERE c.operator_id = o.id) AS last_at,
           EXISTS (SELECT FROM call c WHERE c.operator_id = o.id AND c.duration IS NULL AND c.kind <> 'missed'
                   AND c.at > $4::timestamptz - $5::interval) AS speaks
    FROM operator o
    WHERE o.desks ? $1 AND o.active AND o.presence = 'checked_in' AND NOT o.away AND o.extension IS NOT NULL
      AND (o.id IN (SELECT owner_id FROM lead UNION SELECT operator_id FROM work UNION SELECT operator_id FROM card)
           OR COALESCE(o.pools ? (SELECT pool FROM work), jsonb_array_length(o.pools) > 0))
)
SELECT (SELECT to_jsonb(lead) FROM lead) AS lead, (SELECT to_jsonb(work) FROM work) AS work,
       (SELECT to_jsonb(card) FROM card) AS card,
       ARRAY(SELECT to_jsonb(s) FROM (
           SELECT id, name, extension, place FROM staff ORDER BY speaks, place, last_at NULLS FIRST, id LIMIT 20) s
       ) AS staff,
       (SELECT id FROM operator WHERE subject = $6 AND active ORDER BY sequence DESC LIMIT 1) AS me,
       EXISTS (SELECT FROM operator o JOIN call c ON c.lead_id = (SELECT lead_id FROM lead)
               WHERE o.subject = $6 AND o.active AND c.extension = o.extension AND c.kind = 'call_in'
               AND c.duration IS NULL AND c.at > $4::timestamptz - $5::interval) AS rung
"""
_REASONS = {1: RingReason.OWNER, 2: RingReason.TASK, 3: RingReason.PARTNER_OPERATOR, 4: RingReason.POOL}

# Called back in time: by when the task that stood for the call was due, as its playbook says.
MISSED = """
WITH judged AS (
    SELECT back.at AS back_at, got.at AS got_at, COALESCE(due.at, m.at + $4::interval) AS until
    FROM call m
    LEFT JOIN LATERAL (SELECT min(at) AS at FROM call c WHERE c.customer_id = m.customer_id
                       AND c.kind = 'call_out' AND c.at >= m.at) back ON true
    LEFT JOIN LATERAL (SELECT min(at) AS at FROM call c WHERE c.customer_id = m.customer_id
                       AND c.kind = 'call_in' AND c.duration > 0 AND c.at >= m.at) got ON true
    LEFT JOIN LATERAL (SELECT min(due_at) AS at FROM task t WHERE t.lead_id = m.lead_id AND t.due_at > m.at
                       AND t.opened_at <= m.at + interval '5 minutes'
                       AND (t.closed_at IS NULL OR t.closed_at > m.at)) due ON true
    WHERE m.desk = $1 AND m.kind = 'missed' AND m.at >= $2 AND m.at < $3
)
SELECT CASE WHEN got_at < back_at OR (back_at IS NULL AND got_at IS NOT NULL) THEN 'got_through'
            WHEN back_at <= until THEN 'in_time' WHEN back_at IS NOT NULL THEN 'late'
            WHEN until > $5 THEN 'waiting' ELSE 'never' END AS class, count(*) AS calls
FROM judged GROUP BY 1
"""


async def find_caller(
    ctx: Context, caller: Principal, desk: str, number: str, line: str | None, language: Language
) -> CallerOut:
    """Return whose number it is, and whom telephony should ring; of a lead only to who may see its customer."""
    now = ctx.now()
    row = await ctx.db.pool.fetchrow(CALLER, desk, spelled(number), line_of(line), now, LONGEST_TALK, caller.sub)
    assert row is not None  # noqa: S101 - it selects one row of subqueries
    lead, work, card = row["lead"], row["work"], row["card"]
    shown = lead is not None and (caller.sees_whole_desks or row["rung"] or _theirs(row))
    task = None
    if shown and work is not None:
        async with ctx.db.pool.acquire() as conn:
            playbook = await ctx.playbooks.get(conn, work["playbook"], work["playbook_version"])
        title = work["brief"]["title"] if work["brief"] else playbook.task_types[work["type"]].title.of(language)
        task = CallerTask.model_validate({**work, "title": title})
    return CallerOut(
        desk=desk,
        number=spelled(number),
        rings=[RingOut.model_validate(each, from_attributes=True) for each in _rings(row)],
        partner=_partner(card, language) if card else None,
        customer_id=lead["customer_id"] if shown else None,
        customer=_customer(lead, now) if shown else None,
        lead=CallerLead.model_validate({**lead, "id": lead["lead_id"]}) if shown else None,
        task=task,
    )


async def report_missed(ctx: Context, desk: str, since: datetime, until: datetime) -> MissedReport:
    """Return how many calls a desk missed in a time, by what became of them (P.11)."""
    rows = await ctx.db.pool.fetch(MISSED, desk, since, until, CALL_BACK_WITHIN, ctx.now())
    counts = {MissedIs(row["class"]).value: row["calls"] for row in rows}
    return MissedReport.model_validate(
        {
            "desk": desk,
            "created_from": since,
            "created_to": until,
            "total": sum(counts.values()),
            **{each.value: counts.get(each.value, 0) for each in MissedIs},
        }
    )


def _theirs(row: asyncpg.Record) -> bool:
    work, owner = row["work"] or {}, row["lead"]["owner_id"]
    held = (_id(work.get("operator_id")), _id(work.get("lender_id")))
    return may_call(_id(row["me"]), *held, _id(owner))


def _id(value: object) -> UUID | None:
    return None if value is None else UUID(str(value))


def _rings(row: asyncpg.Record) -> tuple[Ring, ...]:
    card = row["card"] or {"calls_go_to": "operator", "person": {}}
    found = [
        Ring(_REASONS[each["place"]], UUID(each["id"]), each["name"], each["extension"]) for each in row["staff"]
    ]
    return rings(
        found,
        goes_to_partner=card["calls_go_to"] == CallsGoTo.PARTNER,
        partner_name=card["person"].get("name"),
        partner_phone=card["person"].get("phone"),
    )


def _partner(card: dict[str, object], language: Language) -> CallerPartner:
    title = Title(str(card["title_ru"]), str(card["title_en"])).of(language.value)
    return CallerPartner.model_validate({**card, "title": title})


def _customer(lead: dict[str, object], now: datetime) -> CustomerOut:
    zone = str(lead["zone"])
    person = lead["person"]
    return CustomerOut.model_validate(
        {**(person if isinstance(person, dict) else {}), "zone": zone, "local_time": now.astimezone(ZoneInfo(zone))}
    )
