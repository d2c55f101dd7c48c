"""Reads of decisions; an operator sees those in which they were chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnElement, RowMapping, and_, select, true

from libs.common.domain.eligibility import Refusal
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database, Reading
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.decisions.schemas import CandidateView, DecisionView, ReasonView
from services.assignment.decisions.tables import decision
from services.assignment.decisions.texts import CHOICES, REFUSALS
from services.assignment.operators.tables import operator
from services.assignment.pools.rules import SCALE, Choice
from services.assignment.pools.tables import pool


class StoredCandidate(TypedDict):
    """A candidate in the row of a decision."""

    operator_id: str
    reasons: list[str]
    virtual_time: int
    open_work: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Filter of decisions; None does not filter."""

    lead_id: UUID | None = None
    task_id: UUID | None = None
    operator_id: UUID | None = None
    desk: str | None = None


async def list_decisions(
    db: Database, caller: Principal, wanted: Filter, page: PageQuery, language: Language
) -> Page[DecisionView]:
    """Return decisions, the latest first."""
    query = (
        select(*decision.c, pool.c.code.label("pool"))
        .join_from(decision, pool, pool.c.id == decision.c.pool_id)
        .where(_visible(caller), _filtered(wanted))
    )
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [decision.c.id], page)
        names = await _names(conn, found.rows)
    return found.page(lambda row: decision_view(row, names, language))


def _visible(caller: Principal) -> ColumnElement[bool]:
    if caller.sees_whole_desks:
        return true() if caller.sees_all_desks else decision.c.desk.in_([*caller.desks])
    return decision.c.operator_id.in_(select(operator.c.id).where(operator.c.subject == caller.sub))


def _filtered(wanted: Filter) -> ColumnElement[bool]:
    return and_(
        decision.c.lead_id == wanted.lead_id if wanted.lead_id else true(),
        decision.c.task_id == wanted.task_id if wanted.task_id else true(),
        decision.c.operator_id == wanted.operator_id if wanted.operator_id else true(),
        decision.c.desk == wanted.desk if wanted.desk else true(),
    )


async def _names(conn: Reading, rows: Sequence[RowMapping]) -> Mapping[UUID, str]:
    ids = {UUID(candidate["operator_id"]) for row in rows for candidate in row["candidates"]}
    found = await conn.execute(select(operator.c.id, operator.c.name).where(operator.c.id.in_(ids)))
    return {row.id: row.name for row in found}


def decision_view(row: RowMapping | Record, names: Mapping[UUID, str], language: Language) -> DecisionView:
    """Return a stored decision, with its pool's code, for the wire."""
    choice, chosen = Choice(row["reason"]), row["operator_id"]
    shaped = {
        "reason": ReasonView(code=choice, title=CHOICES[choice].in_language(language)),
        "operator_name": names.get(chosen),
        "candidates": [_candidate(each, chosen, names, language) for each in row["candidates"]],
    }
    return DecisionView.model_validate({**dict(row), **shaped})


def _candidate(
    row: StoredCandidate, chosen: UUID | None, names: Mapping[UUID, str], language: Language
) -> CandidateView:
    operator_id = UUID(row["operator_id"])
    refusals = [Refusal(code) for code in row["reasons"]]
    return CandidateView(
        operator_id=operator_id,
        operator_name=names[operator_id],
        chosen=operator_id == chosen,
        eligible=not refusals,
        reasons=tuple(
            ReasonView(code=refusal, title=REFUSALS[refusal].in_language(language)) for refusal in refusals
        ),
        virtual_time=row["virtual_time"] / SCALE,
        open_work=row["open_work"],
    )
