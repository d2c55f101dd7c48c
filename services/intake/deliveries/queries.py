"""Reads of deliveries within the caller's desks."""

import base64
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, and_, any_, cast, false, func, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.deliveries.rules import DeliveryKind, Disposition
from services.intake.deliveries.schemas import DeliveryView, RawDelivery, RerunIn
from services.intake.deliveries.tables import delivery
from services.intake.errors import NotFoundError
from services.intake.formats.rules import RawRequest
from services.intake.scope import between, equal, visible
from services.intake.sources.tables import source

_LISTED = (
    delivery.c.id, delivery.c.desk, delivery.c.received_at, delivery.c.kinds, delivery.c.disposition,
    delivery.c.reason, delivery.c.notes, delivery.c.lead_id, delivery.c.order_id, delivery.c.reruns,
    delivery.c.rerun_at, delivery.c.facts,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """The filter of the list; None means all. `received_to` is exclusive, `partly`: a part of it was not taken."""

    disposition: Disposition | None = None
    kind: DeliveryKind | None = None
    desk: str | None = None
    source: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    partly: bool | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(delivery.c.disposition, self.disposition),
            true() if self.kind is None else any_(delivery.c.kinds) == self.kind.value,
            equal(delivery.c.desk, self.desk),
            equal(source.c.code, self.source),
            between(delivery.c.received_at, self.received_from, self.received_to),
            true() if self.partly is None else _was_partly_taken() == self.partly,
        )


def _was_partly_taken() -> ColumnElement[bool]:
    left_out = delivery.c.facts.contains([{"disposition": Disposition.QUARANTINED.value}])
    return func.coalesce(left_out, false())


async def list_deliveries(
    db: Database, caller: Principal, wanted: DeliveryFilter, asked: PageQuery
) -> Page[DeliveryView]:
    query = _deliveries().where(visible(caller, delivery.c.desk), wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [delivery.c.id], asked)
    return found.page(lambda row: DeliveryView.model_validate(_with_facts(dict(row))))


async def get_delivery(db: Database, caller: Principal, delivery_id: UUID) -> RawDelivery:
    """Return one delivery as received. Raises NotFoundError, also for a desk the caller may not see."""
    query = _raw_deliveries().where(delivery.c.id == delivery_id, visible(caller, delivery.c.desk))
    async with db.read() as conn:
        row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFoundError
    return _shown(row)


async def raw_deliveries(db: Database, source_id: UUID, limit: int) -> list[tuple[RawDelivery, RawRequest]]:
    """Return the newest deliveries of a source, as they are shown and as they came."""
    query = _raw_deliveries().where(delivery.c.source_id == source_id).order_by(delivery.c.id.desc()).limit(limit)
    async with db.read() as conn:
        rows = (await conn.execute(query)).all()
    return [(_shown(row), RawRequest(row.method, row.query, row.headers, row.body)) for row in rows]


def _raw_deliveries() -> Select[tuple[object, ...]]:
    return _deliveries().add_columns(delivery.c.method, delivery.c.query, delivery.c.headers, delivery.c.body)


def _shown(row: Row[tuple[object, ...]]) -> RawDelivery:
    members = _with_facts(_members(row))
    return RawDelivery.model_validate({**members, **_readable(row.body), "query": row.query.decode("latin-1")})


async def to_rerun(db: Database, caller: Principal, wanted: RerunIn) -> list[UUID]:
    """Return deliveries that are to be read again, the oldest first, at most `limit`."""
    query = (
        select(delivery.c.id)
        .join_from(delivery, source, source.c.id == delivery.c.source_id)
        .where(
            visible(caller, delivery.c.desk),
            delivery.c.disposition == wanted.disposition.value,
            equal(delivery.c.desk, wanted.desk),
            equal(source.c.code, wanted.source),
            equal(delivery.c.reason, wanted.reason),
            between(delivery.c.received_at, wanted.received_from, wanted.received_to),
            true() if wanted.after is None else delivery.c.id > wanted.after,
        )
        .order_by(delivery.c.id)
        .limit(wanted.limit)
    )
    async with db.read() as conn:
        return [row.id for row in await conn.execute(query)]


def _deliveries() -> Select[tuple[object, ...]]:
    number = cast(delivery.c.order_number, Text).label("order_number")
    return select(*_LISTED, number, source.c.code.label("source")).join_from(
        delivery, source, source.c.id == delivery.c.source_id
    )


def _members(row: Row[tuple[object, ...]]) -> dict[str, object]:
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


def _with_facts(members: dict[str, object]) -> dict[str, object]:
    """Return a delivery with what became of each part; one of a single part says it by itself."""
    facts, kinds = members["facts"], members["kinds"]
    if facts is None and isinstance(kinds, list):
        own = {name: members[name] for name in ("disposition", "lead_id", "order_id", "order_number")}
        facts = [{**own, "kind": kind, "reason": None} for kind in kinds]
    return {**members, "facts": facts}


def _readable(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode(), "body_encoding": "text"}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "body_encoding": "base64"}
