"""Reading what is known of addresses."""

from collections.abc import Collection

from sqlalchemy import RowMapping, select

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.addresses.rules import plain
from services.notifications.addresses.tables import address


async def list_addresses(
    db: Database, desks: Collection[str] | None, wanted: str | None, asked: PageQuery
) -> Cut[RowMapping]:
    """Return addresses in their order; `desks` None means all, `wanted` narrows to one address of any kind."""
    query = select(address)
    if desks is not None:
        query = query.where(address.c.desk.in_(desks))
    if wanted is not None:
        query = query.where(address.c.address == plain(wanted))
    async with db.read() as conn:
        return await paginate(conn, query, "desk", [address.c.desk, address.c.kind, address.c.address], asked)
