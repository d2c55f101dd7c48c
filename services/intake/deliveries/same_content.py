"""Whether content without an identifier came already: in the window before, so that its own would be a new one."""

from collections.abc import Sequence
from datetime import timedelta

from services.intake.deliveries.convert import DeliveryRow, as_known_order
from services.intake.deliveries.store import Runner

KNOWN = """
SELECT g.n, g.external_id
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) WITH ORDINALITY AS g(source_id, external_id, since, n)
JOIN sales_order o ON o.source_id = g.source_id AND o.external_id = g.external_id AND o.heard_at > g.since
"""


async def with_known_content(db: Runner, rows: Sequence[DeliveryRow]) -> list[DeliveryRow]:
    """Return the rows, those whose content came already as of its order. Asks only when a row has no identifier."""
    asked = [n for n, row in enumerate(rows) if row.before is not None]
    if not asked:
        return list(rows)
    found = await db.fetch(
        KNOWN,
        [rows[n].delivery.source.id for n in asked],
        [rows[n].before for n in asked],
        [rows[n].delivery.received_at - timedelta(seconds=rows[n].delivery.source.repeats) for n in asked],
    )
    known = {asked[record["n"] - 1]: record["external_id"] for record in found}
    return [as_known_order(row, known[n]) if n in known else row for n, row in enumerate(rows)]
