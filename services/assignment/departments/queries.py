"""Reads of departments of the caller's desks."""

from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.departments.schemas import DepartmentView
from services.assignment.departments.tables import department
from services.assignment.errors import NotFoundError
from services.assignment.operators.tables import operator
from services.assignment.wire import title_in


async def get_department(db: Database, caller: Principal, department_id: UUID, lang: Language) -> DepartmentView:
    """Return a department. Raises NotFoundError."""
    async with db.read() as conn:
        found = await conn.execute(_views(caller).where(department.c.id == department_id))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row, lang)


async def list_departments(
    db: Database, caller: Principal, lang: Language, desk: str | None, page: PageQuery
) -> Page[DepartmentView]:
    """Return departments in order of creation."""
    query = _views(caller).where(department.c.desk == desk if desk else true())
    async with db.read() as conn:
        found = await paginate(conn, query, "id", [department.c.id], page)
    return found.page(lambda row: _view(row, lang))


def _visible(caller: Principal) -> ColumnElement[bool]:
    return true() if caller.sees_all_desks else department.c.desk.in_([*caller.desks])


def _views(caller: Principal) -> Select[tuple[object, ...]]:
    head, member = operator.alias("head"), operator.alias("member")
    belongs = and_(member.c.desk == department.c.desk, member.c.department == department.c.code, member.c.active)
    members = select(func.count()).select_from(member).where(belongs).scalar_subquery()
    return (
        select(*department.c, head.c.name.label("head_name"), members.label("operators"))
        .select_from(department.outerjoin(head, head.c.id == department.c.head_id))
        .where(_visible(caller))
    )


def _view(row: RowMapping, lang: Language) -> DepartmentView:
    return DepartmentView.model_validate({**row, "title": title_in(row["title"], lang), "titles": row["title"]})
