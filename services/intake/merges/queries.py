"""Reads of merges within the caller's desks."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.errors import NotFoundError
from services.intake.merges.rules import MergeKind, MergeState
from services.intake.merges.schemas import MergeMemberView, MergeView
from services.intake.merges.tables import merge, merge_member
from services.intake.scope import equal, visible


@dataclass(frozen=True, slots=True)
class MergeFilter:
    """The filter of the list; None means all. `of`: a customer or lead that won or lost."""

    desk: str | None = None
    kind: MergeKind | None = None
    state: MergeState | None = None
    of: UUID | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(merge.c.desk, self.desk),
            equal(merge.c.kind, self.kind),
            equal(merge.c.state, self.state),
            true() if self.of is None else _named(self.of),
        )


def _named(party: UUID) -> ColumnElement[bool]:
    either = or_(merge_member.c.winner_id == party, merge_member.c.loser_id == party)
    return exists().where(merge_member.c.merge_id == merge.c.id, either)


async def get_merge(db: Database, caller: Principal, merge_id: UUID) -> MergeView:
    """Return a merge. Raises NotFoundError."""
    async with db.read() as conn:
        row = (await conn.execute(_views(caller).where(merge.c.id == merge_id))).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return MergeView.model_validate(dict(row))


async def list_merges(db: Database, caller: Principal, wanted: MergeFilter, asked: PageQuery) -> Page[MergeView]:
    """Return merges, the latest first."""
    async with db.read() as conn:
        found = await paginate(conn, _views(caller).where(wanted.condition()), "-id", [merge.c.id], asked)
    return found.page(lambda row: MergeView.model_validate(dict(row)))


async def list_members(db: Database, caller: Principal, merge_id: UUID, asked: PageQuery) -> Page[MergeMemberView]:
    """Return members in their order. Raises NotFoundError."""
    await get_merge(db, caller, merge_id)
    query = select(merge_member).where(merge_member.c.merge_id == merge_id)
    async with db.read() as conn:
        found = await paginate(conn, query, "position", [merge_member.c.position], asked)
    return found.page(lambda row: MergeMemberView.model_validate({**row, "moved": len(row["identities"])}))


def _views(caller: Principal) -> Select[tuple[object, ...]]:
    counted = (
        select(merge_member.c.state, func.count().label("count"))
        .where(merge_member.c.merge_id == merge.c.id)
        .group_by(merge_member.c.state)
        .correlate(merge)
        .subquery()
    )
    counts = select(func.jsonb_object_agg(counted.c.state, counted.c.count)).scalar_subquery()
    return select(*merge.c, counts.label("members")).where(visible(caller, merge.c.desk))
