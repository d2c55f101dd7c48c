"""The names that a desk has, which playbooks use: pools, roles and templates, as others have published them."""

from collections.abc import Collection, Mapping

from libs.common.platform.db import Connection
from services.tasks.errors import NotFoundError
from services.tasks.playbooks.standing import NameKind

KNOWN = """
SELECT ARRAY(SELECT code FROM pool WHERE desk = $1 ORDER BY code) AS pools,
       ARRAY(SELECT DISTINCT role FROM operator o, jsonb_array_elements_text(o.roles) AS role
             WHERE o.active AND o.desks @> to_jsonb($1::text) ORDER BY role) AS roles,
       ARRAY(SELECT code FROM approved_template WHERE desk = $1 AND NOT retired ORDER BY code) AS templates
"""


async def names_of(conn: Connection, desk: str) -> Mapping[NameKind, Collection[str]]:
    """Return the names of a desk. Raises NotFoundError."""
    row = await conn.fetchrow(KNOWN, desk)
    if row is None:
        raise NotFoundError
    return {
        NameKind.POOL: row["pools"], NameKind.ROLE: row["roles"], NameKind.TEMPLATE: row["templates"],
    }  # fmt: skip
