"""Free-text search of leads: any number, a name, a phone in any spelling or a part of one, an e-mail (S4.15).

Every way gives lead ids by a look into an index of its own: whole numbers and addresses by theirs, names and parts
of phones by trigrams. Of a word that very many leads have the newest are read, until a page is full.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    TextClause,
    Uuid,
    and_,
    false,
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


@dataclass(frozen=True, slots=True)
class FirstPage:
    """The page with the newest leads: of one desk or of all, what is asked of them, and how many rows it reads."""

    desk: ColumnElement[bool]
    within: ColumnElement[bool]
    reach: int

    async def is_filled(self, conn: Reading, part: ColumnElement[bool]) -> bool:
        """Return whether leads with this part of a name or phone fill it, of the `NEWEST` alone."""
        await conn.execute(_IN_ORDER)
        found, before = 0, 0
        for most in NEWEST:
            if found * most < self.reach * before:  # too seldom to fill it from so many
                return False
            found, before = len((await conn.execute(self.of_newest(most, part))).all()), most
            if found == self.reach:
                return True
        return False

    def of_newest(self, most: int, part: ColumnElement[bool]) -> Select[tuple[UUID]]:
        """Return what reads the leads with this part from the newest; of no more leads than `most` nothing."""
        newest = select(lead.c.created_at).where(self.desk).order_by(lead.c.created_at.desc(), lead.c.id.desc())
        since = newest.offset(most).limit(1).scalar_subquery()
        return select(lead.c.id).where(self.desk, lead.c.created_at > since, part, self.within).limit(self.reach)


@dataclass(frozen=True, slots=True)
class Search:
    """What a text may find: `exact` by looks into indexes; `part` and `merged` of leads whose number is open.

    `part` is of their own name or phone, `merged` of that of a lead which was merged into them.
    """

    exact: Sequence[_Ids]
    part: ColumnElement[bool] | None
    merged: ColumnElement[bool]

    async def found(
        self,
        conn: Reading,
        among: ColumnElement[bool],
        within: ColumnElement[bool] | None = None,
        first: FirstPage | None = None,
    ) -> Found:
        """Return what is found among some leads; `within` is what is yet to be asked of them, `first` their page.

        A merged lead is found as its winner. Where more than `MANY` match, also of those within, the condition
        itself is asked of each lead in the order of the page, which is full soon, while all of them would be
        fetched and sorted.
        """
        if self.part is None:
            return Found(_of_any(self.exact))
        each = Found(or_(self.part, self.merged, _of_any(self.exact)), many=True)
        if first is not None and await first.is_filled(conn, self.part):
            return each
        # No estimate says how common a part of a name is: the trigrams do, and no more than MANY rows are read.
        await conn.execute(_TRIGRAMS_ALONE)
        ids = await _some(conn, self.part, among)
        if len(ids) > MANY and within is not None:  # a common word, and perhaps few of the leads that are asked for
            ids = await _some(conn, self.part, or_(within, lead.c.merged_into.is_not(None)))
        await conn.execute(_AS_PLANNED)
        return each if len(ids) > MANY else Found(_of_any(self.exact, ids))


async def _some(conn: Reading, *conditions: ColumnElement[bool]) -> list[UUID]:
    """Return up to one more than `MANY` leads, as who they are now."""
    asked = select(func.coalesce(lead.c.merged_into, lead.c.id)).where(*conditions)
    return [row[0] for row in await conn.execute(asked.limit(MANY + 1))]


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
    one = lead.alias()
    part, part_of_one = _part(asked, digits, lead), _part(asked, digits, one)
    if part is None or part_of_one is None:
        return Search(exact, None, false())
    is_name = any(c.isalpha() for c in asked)
    seen = true() if is_name or whole_alone is None else not_(whole_alone)
    return Search(exact, and_(part, seen), and_(_of_merged(one, part_of_one), seen))


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


def _part(asked: str, digits: str, of: FromClause) -> ColumnElement[bool] | None:
    """Return the condition of a part of a phone, or of a name."""
    phone = _part_of_phone(asked, digits, of)
    return _part_of_name(asked, of) if phone is None else phone


def _of_merged(one: FromClause, part: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition of leads into which one was merged that has this part."""
    # One value: what is asked by EXISTS, the server may look up for all leads before it reads the first.
    found = select(true()).where(one.c.merged_into == lead.c.id, part).limit(1)
    return func.coalesce(found.scalar_subquery(), false())


def _part_of_phone(asked: str, digits: str, of: FromClause) -> ColumnElement[bool] | None:
    """Return the condition of a part: also one with a trunk prefix, or of a number that cannot be read."""
    if not LEAST_DIGITS <= len(digits) < LOCAL_DIGITS or any(c.isalpha() for c in asked):
        return None
    raw = func.regexp_replace(of.c.phone_raw, literal_column(r"'\D'"), literal_column("''"), literal_column("'g'"))
    found = [of.c.phone.like(f"%{digits}%"), and_(of.c.phone.is_(None), raw.like(f"%{digits}%"))]
    if digits.startswith("8"):
        # As a part, then as the beginning: the trigrams of "+7" itself are those of all numbers.
        begins = f"+7{digits[1:]}"
        found.append(and_(of.c.phone.like(f"%{begins[1:]}%"), func.left(of.c.phone, len(begins)) == begins))
    if digits.startswith("0") and len(digits.lstrip("0")) >= LEAST_DIGITS:
        found.append(of.c.phone.like(f"%{digits.lstrip('0')}%"))
    return or_(*found)


def _by_email(asked: str) -> list[_Ids]:
    if "@" not in asked:
        return []
    email = asked.lower()
    return [
        select(lead.c.id).where(lead.c.email == email),
        _customers(IdentityKind.EMAIL, identity.c.value == email),
    ]


def _part_of_name(asked: str, of: FromClause) -> ColumnElement[bool] | None:
    """Return the condition of a name by its words in any order, each a part of it, a short one its beginning."""
    words = [_escaped(word) for word in asked.lower().replace("ё", "е").split()[:_MOST_WORDS]]
    if "@" in asked or not any(c.isalpha() for c in asked):
        return None
    name = func.translate(func.lower(of.c.name), literal_column("'ё'"), literal_column("'е'"))
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
