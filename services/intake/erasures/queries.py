"""Reads of erasures within the caller's desks."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import MetaData, RowMapping, select

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database, Reading
from libs.common.platform.erasure.tables import erasure_tables
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.erasures.rules import SERVICES, ErasureState, state_of
from services.intake.erasures.schemas import ErasurePart, ErasureView
from services.intake.erasures.tables import erasure_answer, erasure_request
from services.intake.errors import NotFoundError
from services.intake.scope import equal, visible

_OWN, _ = erasure_tables(MetaData())
_OWN_SERVICE = "intake"


async def list_erasures(
    db: Database, caller: Principal, desk: str | None, customer_id: UUID | None, asked: PageQuery
) -> Page[ErasureView]:
    """Return erasures, the latest first."""
    query = select(erasure_request).where(
        visible(caller, erasure_request.c.desk),
        equal(erasure_request.c.desk, desk),
        equal(erasure_request.c.customer_id, customer_id),
    )
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [erasure_request.c.id], asked)
        views = {view.id: view for view in await _views(conn, [dict(row) for row in found.rows])}
    return found.page(lambda row: views[row["id"]])


async def get_erasure(db: Database, caller: Principal, erasure_id: UUID) -> ErasureView:
    """Return an erasure. Raises NotFoundError."""
    query = select(erasure_request).where(
        erasure_request.c.id == erasure_id, visible(caller, erasure_request.c.desk)
    )
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFoundError
        return (await _views(conn, [dict(row)]))[0]


async def _views(conn: Reading, rows: Sequence[dict[str, object]]) -> list[ErasureView]:
    ids = [row["id"] for row in rows]
    own = {row["id"]: row for row in (await conn.execute(select(_OWN).where(_OWN.c.id.in_(ids)))).mappings()}
    said = select(erasure_answer).where(erasure_answer.c.erasure_id.in_(ids))
    answers = {(row["erasure_id"], row["service"]): row for row in (await conn.execute(said)).mappings()}
    found = []
    for row in rows:
        parts = [_part(_OWN_SERVICE, own.get(row["id"]))]
        parts += [_part(service, answers.get((row["id"], service))) for service in SERVICES]
        state = state_of(part.state is ErasureState.DONE for part in parts)
        found.append(ErasureView.model_validate({**row, "state": state, "services": parts}))
    return found


def _part(service: str, row: RowMapping | None) -> ErasurePart:
    done_at = None if row is None else row["done_at"]
    return ErasurePart(
        service=service,
        state=state_of([done_at is not None]),
        done_at=done_at,
        counts={} if row is None else row["counts"],
    )
