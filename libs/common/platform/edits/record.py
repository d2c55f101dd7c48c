"""Keeping edits in the transaction that makes them, and reading those that a caller has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection, Database

SHOWN = 10  # edits of one conflict
KEEP = """
WITH swept AS (
    DELETE FROM edit WHERE id = ANY(ARRAY(
        SELECT id FROM (SELECT id, at FROM edit ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED) oldest
        WHERE at < clock_timestamp() - interval '30 days'
    ))
)
INSERT INTO edit (resource, seen, caller, operation, fields) VALUES ($1, $2, $3, $4, $5)
"""
# Those without a version count when they came after the last one that the caller had seen.
SINCE = """
SELECT at, caller, operation, fields FROM edit
WHERE resource = $1 AND ($2::int IS NULL OR seen >= $2 OR (seen IS NULL AND id > coalesce(
    (SELECT max(id) FROM edit WHERE resource = $1 AND seen < $2), 0)))
ORDER BY id DESC LIMIT $3
"""


@dataclass(slots=True)
class Edit:
    """A call that changes the resource its address names; `fields` are those that its body gives."""

    resource: str
    seen: int | None
    caller: str
    operation: str
    fields: tuple[str, ...]
    kept: bool = False

    async def keep(self, conn: Connection) -> None:
        """Add the edit to the caller's transaction, once."""
        if not self.kept:
            await conn.execute(KEEP, self.resource, self.seen, self.caller, self.operation, list(self.fields))
            self.kept = True

    async def since(self, db: Database) -> list[dict[str, object]]:
        """Return the edits of the resource that the caller had not seen, the newest first."""
        rows = await db.pool.fetch(SINCE, self.resource, self.seen, SHOWN)
        return [
            {"at": row["at"].isoformat(), "by": row["caller"], "what": row["operation"], "fields": row["fields"]}
            for row in rows
        ]


def edit_of(path: str, operation: str, given: Mapping[str, object]) -> Edit | None:
    """Return the edit that a call would be; None when its path names no resource. `given` are its parameters.

    What is known by a code of its desk is named with the desk: others may have the code too.
    """
    head, brace, _ = path.partition("}")
    caller, body, seen = given.get("caller"), given.get("body"), given.get("seen")
    if not brace or not isinstance(caller, Principal):
        return None
    fields = tuple(sorted(body.model_fields_set)) if isinstance(body, BaseModel) else ()
    desk = given.get("desk")
    resource = f"{head}}}".format_map(given) + (f"?desk={desk}" if isinstance(desk, str) else "")
    return Edit(resource, seen if isinstance(seen, int) else None, caller.sub, operation, fields)
