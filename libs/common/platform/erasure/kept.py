"""For how many days a desk keeps each kind of what names persons, as it has said."""

from typing import TypeVar

from libs.common.platform.db import Connection
from libs.common.platform.http.wire import Wire

READ = "SELECT kind, days FROM retention WHERE desk = $1"
WRITE = """
INSERT INTO retention AS r (desk, kind, days, walked, changed_by)
SELECT $1, kind, days, '{}', $4 FROM unnest($2::text[], $3::int[]) AS t(kind, days) ORDER BY kind
ON CONFLICT (desk, kind) DO UPDATE SET days = excluded.days, changed_by = excluded.changed_by
WHERE r.days IS DISTINCT FROM excluded.days
"""

R = TypeVar("R", bound=Wire)


async def read_retention(conn: Connection, desk: str, model: type[R]) -> R:
    """Return the days of a desk; the fields of `model` are the kinds of what the service keeps."""
    rows = await conn.fetch(READ, desk)
    return model.model_validate({row["kind"]: row["days"] for row in rows if row["kind"] in model.model_fields})


async def write_retention(conn: Connection, desk: str, wanted: Wire, actor: str) -> None:
    """Write the days of a desk; a kind without days is kept for good."""
    given: dict[str, int | None] = wanted.model_dump()
    await conn.execute(WRITE, desk, list(given), list(given.values()), actor)
