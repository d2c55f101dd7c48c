"""Reads of the form doctor: days by what became of deliveries, and the last ones read again by today's settings."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from libs.common.platform.core import Core
from services.intake.deliveries.convert import cached_phone
from services.intake.deliveries.queries import raw_deliveries
from services.intake.deliveries.rules import Disposition
from services.intake.deliveries.tables import delivery
from services.intake.doctor.rules import fields_of, mends_of, rehearsal, snippets, unread_of
from services.intake.doctor.schemas import (
    DayView,
    DoctorView,
    ExaminedView,
    MendView,
    Readout,
    SnippetView,
    UnderstoodOrder,
    UnreadField,
)
from services.intake.errors import NotFoundError
from services.intake.formats.base import Format
from services.intake.formats.config import SecretKind
from services.intake.formats.orders import OrderFormat
from services.intake.formats.payload import object_of
from services.intake.formats.rules import Json, Note, ParsedOrder, RawRequest, Unreadable, UnreadableError
from services.intake.sources.cache import source_of
from services.intake.sources.rules import Source

SOURCE = "SELECT * FROM source WHERE id = $1"
DAYS = 7
LAST = 20


async def examine(core: Core, source_id: UUID, origin: str) -> DoctorView:
    """Return the doctor's findings; `origin` is where the sender reaches us. Raises NotFoundError."""
    row = await core.db.pool.fetchrow(SOURCE, source_id)
    if row is None:
        raise NotFoundError
    source, needs = source_of(row), SecretKind.TOKEN
    kept = await raw_deliveries(core.db, source_id, LAST)
    pasted = snippets(f"{origin}/intake/v1/hooks/{source.key}", needs_token=source.format.config.secret is needs)
    return DoctorView(
        days=await _days(core, source),
        deliveries=[ExaminedView(delivery=view, **dict(read_out(source, raw))) for view, raw in kept],
        rehearsal=rehearsal(origin, source.desk, source.code, source.id),
        snippets=[SnippetView(kind=kind, text=text) for kind, text in pasted.items()],
    )


async def _days(core: Core, source: Source) -> list[DayView]:
    """Return the last days, today first, each with a count per disposition."""
    today = core.clock.now().astimezone(source.zone).date()
    since = datetime.combine(today - timedelta(days=DAYS - 1), datetime.min.time(), source.zone)
    day = func.date(func.timezone(source.zone.key, delivery.c.received_at)).label("day")
    # Ids begin with the real time, which business time never falls behind: the index leaves out what is older.
    oldest = UUID(int=int((datetime.now(UTC) - timedelta(days=DAYS + 1)).timestamp() * 1000) << 80)
    query = (
        select(day, delivery.c.disposition, func.count().label("n"))
        .where(delivery.c.source_id == source.id, delivery.c.id >= oldest, delivery.c.received_at >= since)
        .group_by(day, delivery.c.disposition)
    )
    counted: defaultdict[date, Counter[str]] = defaultdict(Counter)
    async with core.db.read() as conn:
        for row in await conn.execute(query):
            counted[row.day][row.disposition] = row.n
    return [_day(day, counted[day]) for day in (today - timedelta(days=n) for n in range(DAYS))]


def _day(day: date, counted: Counter[str]) -> DayView:
    return DayView(
        day=day,
        received=counted.total(),
        accepted=counted[Disposition.ACCEPTED],
        repeats=counted[Disposition.REPEAT],
        tests=counted[Disposition.TEST],
        noted=counted[Disposition.NOTED],
        quarantined=counted[Disposition.QUARANTINED],
    )


def read_out(source: Source, raw: RawRequest) -> Readout:
    """Return what a request says by the source's present settings."""
    facts, config = source.format.read(raw), source.format.config
    orders = [fact for fact in facts if isinstance(fact, ParsedOrder)]
    refused = next((fact for fact in facts if isinstance(fact, Unreadable)), None)
    notes: list[Note] = [
        note for fact in facts if isinstance(fact, ParsedOrder | Unreadable) for note in fact.notes
    ]
    fields = fields_of(_payload(source.format, raw))
    known = source.format.known if isinstance(source.format, OrderFormat) else None
    unread = {} if known is None else unread_of(fields, known)
    maps = config.model_dump(mode="json", include={"field_map", "status_map"})
    found = mends_of(refused.reason if refused else None, notes, fields, source.region, maps)
    mends = [
        MendView.model_validate(
            {"field": m.field, "code": m.code, "text": {"ru": m.ru, "en": m.en}, "patch": m.patch}
        )
        for m in found
    ]
    return Readout(
        understood=[_order(source, order) for order in orders],
        mends=mends,
        unread=[UnreadField(name=name, alike=list(alike)) for name, alike in unread.items()],
    )


def _payload(form: Format, raw: RawRequest) -> dict[str, Json]:
    """Return the fields of a request as its format reads them, nothing of what cannot be read."""
    try:
        return form.payload(raw) if isinstance(form, OrderFormat) else object_of(raw, None)
    except UnreadableError:
        return {}


def _order(source: Source, order: ParsedOrder) -> UnderstoodOrder:
    phone = cached_phone(order.phone, order.region or source.region) if order.phone else None
    members = {
        name: getattr(order, name) for name in UnderstoodOrder.model_fields.keys() - {"phone", "phone_raw", "items"}
    }
    items = [{"title": i.title, "code": i.code, "quantity": i.quantity, "price": i.price} for i in order.items]
    number = {"phone": phone.e164 if phone else None, "phone_raw": phone.raw if phone else None}
    return UnderstoodOrder.model_validate({**members, **number, "items": items})
