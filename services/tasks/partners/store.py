"""Partners: the projection of intake's events, of which the newest wins, and cards as the engine reads them."""

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg

from libs.common.contracts import EventData, Received
from libs.common.contracts.intake import PartnerChanged
from libs.common.platform.db import Connection, Transaction
from services.tasks.engine.facts import Customer, Partner
from services.tasks.playbooks.terms import Title

PROJECT = """
INSERT INTO partner AS p (id, desk, code, title_ru, title_en, language, zone, hours, address, site, operator_id,
                          person, sequence, consultant_id, calls_go_to, card_link, cabinet_link, lines, active)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::jsonb[], $9::text[], $10::text[], $11::uuid[], $12::jsonb[], $13::bigint[], $14::uuid[],
                     $15::text[], $16::text[], $17::text[], $18::jsonb[], $19::bool[])
ON CONFLICT (id) DO UPDATE SET desk = excluded.desk, code = excluded.code, title_ru = excluded.title_ru,
    title_en = excluded.title_en, language = excluded.language, zone = excluded.zone, hours = excluded.hours,
    address = excluded.address, site = excluded.site, operator_id = excluded.operator_id, person = excluded.person,
    sequence = excluded.sequence, consultant_id = excluded.consultant_id, calls_go_to = excluded.calls_go_to,
    card_link = excluded.card_link, cabinet_link = excluded.cabinet_link, lines = excluded.lines,
    active = excluded.active
WHERE p.sequence < excluded.sequence
"""
BY_ID = "SELECT * FROM partner WHERE id = ANY($1::uuid[])"


async def project_partners(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Store the cards that events publish, before the processes that hear of them are read."""
    ordered = sorted(events, key=lambda event: event.sequence)
    newest = {event.data.partner_id: event for event in ordered if isinstance(event.data, PartnerChanged)}
    rows = [
        (event, event.data)
        for _, event in sorted(newest.items())  # of two transactions the rows are locked in one order
        if isinstance(event.data, PartnerChanged)
    ]
    if rows:
        await tx.conn.execute(
            PROJECT,
            [data.partner_id for _, data in rows],
            [event.desk for event, _ in rows],
            [data.code for _, data in rows],
            [data.title.ru for _, data in rows],
            [data.title.en for _, data in rows],
            [data.language for _, data in rows],
            [data.zone for _, data in rows],
            [tuple(part.model_dump(mode="json") for part in data.hours) for _, data in rows],
            [data.address for _, data in rows],
            [data.site for _, data in rows],
            [data.operator_id for _, data in rows],
            [data.person.model_dump(mode="json") for _, data in rows],
            [event.sequence for event, _ in rows],
            [data.consultant_id for _, data in rows],
            [data.calls_go_to for _, data in rows],
            [data.card_link for _, data in rows],
            [data.cabinet_link for _, data in rows],
            [tuple(data.lines) for _, data in rows],
            [data.active for _, data in rows],
        )


async def read_partners(conn: Connection, ids: Collection[UUID]) -> dict[UUID, Partner]:
    """Return the partners that are known, by id."""
    return {row["id"]: _partner(row) for row in await conn.fetch(BY_ID, list(ids))}


def _partner(row: asyncpg.Record) -> Partner:
    person = row["person"]
    identities = tuple((identity["kind"], identity["value"]) for identity in person["identities"])
    return Partner(
        id=row["id"],
        title=Title(row["title_ru"], row["title_en"]),
        language=row["language"],
        zone=row["zone"],
        person=Customer(person["name"], person["phone"], person["phone_raw"], person["email"], identities),
        address=row["address"],
        site=row["site"],
        operator_id=row["operator_id"],
        consultant_id=row["consultant_id"],
    )
