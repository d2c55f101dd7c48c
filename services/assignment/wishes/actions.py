"""Use case: what an operator wishes of a month replaces what they wished of it before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.problems import NotKnownYetError
from services.assignment.context import Context
from services.assignment.errors import NoOperatorError, NotFoundError, WishesRefusedError
from services.assignment.schedule.store import ZONE, kinds_of
from services.assignment.wishes.rules import Wish, WishKind, faults

OF_SUBJECT = "SELECT id, subject FROM operator WHERE subject = $1 AND $2 = ANY (desks)"
OF_ID = "SELECT id, subject FROM operator WHERE id = $1 AND $2 = ANY (desks)"
# Days that are past stay: they say what the plan was made of.
FORGET = """
DELETE FROM wish
WHERE operator_id = $1 AND desk = $2 AND day >= greatest($3::date, $4::date)
  AND day < ($3::date + interval '1 month')
"""
ADD = """
INSERT INTO wish (desk, operator_id, day, shift, wish, at)
SELECT $1, $2, t.day, t.shift, t.wish, $3 FROM unnest($4::date[], $5::text[], $6::text[]) AS t (day, shift, wish)
"""


@dataclass(frozen=True, slots=True)
class Wished:
    """The wishes of an operator (None: the caller) for a month, by its first day."""

    desk: str
    operator_id: UUID | None
    month: date
    wishes: tuple[Wish, ...]


async def set_wishes(ctx: Context, caller: Principal, wished: Wished) -> UUID:
    """Replace an operator's wishes for what is to come of a month; return whose they are.

    Raises NoOperatorError, NotFoundError, NotKnownYetError, WishesRefusedError with every fault.
    """
    async with ctx.db.begin() as tx:
        own = wished.operator_id is None
        row = await tx.conn.fetchrow(
            OF_SUBJECT if own else OF_ID, caller.sub if own else wished.operator_id, wished.desk
        )
        if row is None:
            raise NoOperatorError if own else NotFoundError
        manages = caller.sees_whole_desks and caller.may_see(wished.desk)
        if row["subject"] != caller.sub and not manages:
            raise NotFoundError
        zone = await tx.conn.fetchval(ZONE, wished.desk)
        if zone is None:
            raise NotKnownYetError([{"pointer": "/desk", "kind": "desk", "name": wished.desk, "nearest": []}])
        today = ctx.now().astimezone(ZoneInfo(zone)).date()
        known = {kind.code for kind in await kinds_of(tx.conn, wished.desk)}
        if found := faults(wished.wishes, wished.month, known, today):
            raise WishesRefusedError(found)
        await tx.conn.execute(FORGET, row["id"], wished.desk, wished.month, today)
        columns = _columns(wished.wishes)
        await tx.conn.execute(ADD, wished.desk, row["id"], ctx.now(), *columns)
        await tx.commit()
    return UUID(str(row["id"]))


def _columns(wishes: Sequence[Wish]) -> tuple[list[date], list[str], list[WishKind]]:
    return [one.day for one in wishes], [one.shift for one in wishes], [one.wish for one in wishes]
