"""Reads of sources, for administrators."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, RowMapping, ScalarSelect, Select, case, exists, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.partners.tables import partner
from services.intake.playbooks.tables import active_playbook
from services.intake.scope import visible
from services.intake.sources.rules import REPEATS
from services.intake.sources.schemas import SourceView
from services.intake.sources.store import config_of
from services.intake.sources.tables import source, source_terms


async def get_source(db: Database, caller: Principal, source_id: UUID) -> SourceView:
    """Return one source. Raises NotFoundError."""
    query = _views().where(source.c.id == source_id, visible(caller, source.c.desk))
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return view_of(row)


async def list_sources(db: Database, caller: Principal, desk: str | None, asked: PageQuery) -> Page[SourceView]:
    """Return the sources of the caller's desks."""
    query = _views().where(visible(caller, source.c.desk), source.c.desk == desk if desk else true())
    async with db.read() as conn:
        found = await paginate(conn, query, "id", [source.c.id], asked)
    return found.page(view_of)


def _views() -> Select[tuple[object, ...]]:
    of_desk = active_playbook.c.desk == source.c.desk
    active = exists().where(of_desk, active_playbook.c.code == source.c.playbook)
    is_active = case((exists().where(of_desk), active)).label("playbook_active")
    by_partner = source.outerjoin(partner, partner.c.id == source.c.partner_id)
    return select(*source.c, is_active, partner.c.code.label("partner")).select_from(by_partner)


def terms_then() -> FromClause:
    """Return what the source of a lead said when the lead came, beside a row of `lead`."""
    terms = source_terms.c
    then = select(source_terms).where(terms.source_id == lead.c.source_id, terms.since <= lead.c.created_at)
    return then.order_by(terms.since.desc()).limit(1).lateral("terms")


def call_label_of(lead_id: ColumnElement[UUID]) -> ScalarSelect[str | None]:
    """Return what a lead's source said of calls when the lead came, as the ground of the contact names it."""
    terms = terms_then()
    return (
        select(terms.c.call_label)
        .select_from(lead)
        .join(terms, true())
        .where(lead.c.id == lead_id)
        .scalar_subquery()
    )


def webhook_of(key: object) -> str:
    """Return the path that a source's deliveries are posted to."""
    return f"/intake/v1/hooks/{key}"


def view_of(row: RowMapping | Mapping[str, object]) -> SourceView:
    """Return a source of its row, which also says `partner` and `playbook_active`."""
    seconds = row["repeat_seconds"]
    known = {
        "config": config_of(dict(row)),
        "hook": webhook_of(row["key"]),
        "repeat_seconds": REPEATS if seconds is None else seconds,
        "origins": row["origins"] or [],
        "keeps_buyers": bool(row["keeps_buyers"]),
    }
    return SourceView.model_validate({**row, **known})
