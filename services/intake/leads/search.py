"""Free-text search of leads: any number, a name, a phone in any spelling or a part of one, an e-mail (S4.15).

Every way gives lead ids by a look into an index of its own: whole numbers and addresses by theirs, names and parts
of phones by trigrams. Of a word that very many leads have the newest are read, until a page is full.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    TextClause,
    Uuid,
    and_,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from libs.common.contracts.shared import IdentityKind
from libs.common.platform.db import Reading
from services.intake.customers.tables import customer, identity
from services.intake.leads.tables import lead
from services.intake.orders.queries import numbered
from services.intake.orders.tables import sales_order
from services.intake.sources.tables import source

LOCAL_DIGITS = 10  # of a number without country code or trunk prefix
LEAST_DIGITS = 4  # of a part of a phone
MANY = 2000  # leads; more are read in the order of the page
#: The newest leads are read before any index of words, so many first, then so many: a common word fills a page.
NEWEST = (2000, 10_000)
_MOST_WORDS = 5  # of a name
_TRIGRAM = 3  # characters of a word that an index finds wherever it stands

_Ids = Select[tuple[object, ...]]


def _planned(**ways: bool) -> TextClause:
    """Return the statement that lets the planner use a way of reading, or not, until the transaction ends."""
    each = ", ".join(f"set_config('enable_{way}', '{'on' if on else 'off'}', true)" for way, on in ways.items())
    return text(f"SELECT {each}")


_TRIGRAMS_ALONE = _planned(seqscan=False, indexscan=False, bitmapscan=True)
_AS_PLANNED = _planned(seqscan=True, indexscan=True)
_IN_ORDER = _planned(seqscan=False, bitmapscan=False)


class Found(NamedTuple):
    """The condition on leads of what was found; `many`: more than `MANY`, to be read in the order of the page."""

    condition: ColumnElement[bool]
    many: bool = False


class FirstPage(NamedTuple):
    """The page with the newest leads: of one desk or of all, and how many rows it reads."""

    desk: ColumnElement[bool]
    reach: int


@dataclass(frozen=True, slots=True)
class Search:
    """What a text may find: `exact` by looks into indexes; `part` of leads of their own, whose number is open."""

    exact: Sequence[_Ids]
    part: ColumnElement[bool] | None

    async def found(
        self,
        conn: Reading,
        among: ColumnElement[bool],
        within: ColumnElement[bool] = true(),  # noqa: B008 - an expression of SQL does not change
        first: FirstPage | None = None,
    ) -> Found:
        """Return what is found among some leads; `within` is what is yet to be asked of them, `first` their page.

        A merged lead is found as its winner. Where more than `MANY` match, also of those within, the condition
        itself is asked of each lead in the order of the page, which is full soon, while all of them would be
        fetched and sorted.
        """
        if self.part is None:
            return Found(_of_any(self.exact))
        each = Found(or_(self.part, _of_any(self.exact)), many=True)
        if first is not None and await _fills(conn, first, self.part, within):
            return each
        # No estimate says how common a part of a name is: the trigrams do, and no more than MANY rows are read.
        await conn.execute(_TRIGRAMS_ALONE)
        some = await _some(conn, within, self.part, among)
        if len(some) > MANY and not all(is_within for _, is_within in some):  # a common word, perhaps few of them
            some = await _some(conn, within, self.part, within)
        await conn.execute(_AS_PLANNED)
        return each if len(some) > MANY else Found(_of_any(self.exact, [lead_id for lead_id, _ in some]))


async def _fills(conn: Reading, page: FirstPage, *conditions: ColumnElement[bool]) -> bool:
    """Return whether what is asked fills the page from the newest leads."""
    await conn.execute(_IN_ORDER)
    found, before = 0, 0
    for most in NEWEST:
        if found * most < page.reach * before:  # too seldom to fill it from so many
            return False
        asked = select(lead.c.id).where(page.desk, lead.c.created_at > _newest(page.desk, most), *conditions)
        found, before = len((await conn.execute(asked.limit(page.reach))).all()), most
        if found == page.reach:
            return True
    return False


def _newest(desk: ColumnElement[bool], most: int) -> ScalarSelect[datetime]:
    """Return the time since which so many leads have come; null if there are no more."""
    newest = select(lead.c.created_at).where(desk).order_by(lead.c.created_at.desc(), lead.c.id.desc())
    return newest.offset(most).limit(1).scalar_subquery()


async def _some(
    conn: Reading, within: ColumnElement[bool], *conditions: ColumnElement[bool]
) -> Sequence[tuple[UUID, bool]]:
    """Return up to one more than `MANY` leads of these conditions by who they are now, and which are within."""
    asked = select(func.coalesce(lead.c.merged_into, lead.c.id), within).where(*conditions)
    return [(row[0], row[1]) for row in await conn.execute(asked.limit(MANY + 1))]


async def in_order(conn: Reading) -> None:
    """Let the statements that follow in this transaction read rows in the order of their page."""
    await conn.execute(_IN_ORDER)


def _of_any(ways: Sequence[_Ids], known: Sequence[UUID] = ()) -> ColumnElement[bool]:
    """Return the condition of leads that one of the ways finds, as who they are now, and of known ones."""
    one = lead.alias()
    now = select(func.coalesce(one.c.merged_into, one.c.id))
    found = [now.where(one.c.id.in_(union_all(*ways)))] if ways else []
    if known:
        found.append(select(func.unnest(literal(known, ARRAY(Uuid)))))
    return lead.c.id.in_(union_all(*found)) if found else lead.c.id.is_(None)


def search(asked: str, whole_alone: ColumnElement[bool] | None = None) -> Search:
    """Return what a text may find; an empty one finds nothing.

    `whole_alone`: leads whose numbers are masked to who asks, which no part of a number finds (P.7).
    """
    asked = asked.strip()
    digits = "".join(str(unicodedata.decimal(c)) for c in asked if c.isdecimal())
    exact = [*_by_number(asked), *_by_phone(digits), *_by_email(asked)]
    of_phone = _part_of_phone(asked, digits)
    if of_phone is not None and whole_alone is not None:
        of_phone = and_(of_phone, not_(whole_alone))
    parts = [part for part in (of_phone, _part_of_name(asked)) if part is not None]
    return Search(exact, parts[0] if parts else None)


def _by_number(asked: str) -> list[_Ids]:
    """Find our number of an order, the source's number, and its id."""
    return [select(sales_order.c.lead_id).where(numbered(asked))] if asked else []


def _by_phone(digits: str) -> list[_Ids]:
    """Find a whole number by its last digits, with any prefix and words around it."""
    if len(digits) < LOCAL_DIGITS:
        return []
    ending = digits[-LOCAL_DIGITS:]
    known_by = _customers(IdentityKind.PHONE, identity.c.value.in_([f"+{digits.lstrip('0')}", f"+7{ending}"]))
    ends = func.reverse(lead.c.phone).like(f"{ending[::-1]}%")
    return [select(lead.c.id).where(lead.c.phone.is_not(None), ends), known_by]


def _part_of_phone(asked: str, digits: str) -> ColumnElement[bool] | None:
    """Return the condition of a part: also one with a trunk prefix, or of a number that cannot be read."""
    if not LEAST_DIGITS <= len(digits) < LOCAL_DIGITS or any(c.isalpha() for c in asked):
        return None
    raw = func.regexp_replace(
        lead.c.phone_raw, literal_column(r"'\D'"), literal_column("''"), literal_column("'g'")
    )
    found = [lead.c.phone.like(f"%{digits}%"), and_(lead.c.phone.is_(None), raw.like(f"%{digits}%"))]
    if digits.startswith("8"):
        # As a part, then as the beginning: the trigrams of "+7" itself are those of all numbers.
        begins = f"+7{digits[1:]}"
        found.append(and_(lead.c.phone.like(f"%{begins[1:]}%"), func.left(lead.c.phone, len(begins)) == begins))
    if digits.startswith("0") and len(digits.lstrip("0")) >= LEAST_DIGITS:
        found.append(lead.c.phone.like(f"%{digits.lstrip('0')}%"))
    return or_(*found)


def _by_email(asked: str) -> list[_Ids]:
    if "@" not in asked:
        return []
    email = asked.lower()
    return [
        select(lead.c.id).where(lead.c.email == email),
        _customers(IdentityKind.EMAIL, identity.c.value == email),
    ]


def _part_of_name(asked: str) -> ColumnElement[bool] | None:
    """Return the condition of a name by its words in any order, each a part of it, a short one its beginning."""
    words = [_escaped(word) for word in asked.lower().replace("ё", "е").split()[:_MOST_WORDS]]
    if "@" in asked or not any(c.isalpha() for c in asked):
        return None
    name = func.translate(func.lower(lead.c.name), literal_column("'ё'"), literal_column("'е'"))
    return and_(
        *(
            name.like(f"%{word}%") if len(word) >= _TRIGRAM else or_(name.like(f"{word}%"), name.like(f"% {word}%"))
            for word in words
        )
    )


def _escaped(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)


def _customers(kind: IdentityKind, value: ColumnElement[bool]) -> _Ids:
    """Find the leads of customers who are known by an identity, which a lead itself need not name."""
    desks = select(source.c.desk).distinct()
    known = select(identity.c.customer_id).where(identity.c.desk.in_(desks), identity.c.kind == kind.value, value)
    merged = select(customer.c.id).where(customer.c.merged_into.in_(known))
    return select(lead.c.id).where(lead.c.customer_id.in_(union_all(known, merged)))
