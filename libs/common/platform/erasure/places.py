"""Places of personal data, and the statements that empty them.

A condition may use `:customers` and `:leads` (ids), `:desk`, `:exact` (addresses as they are stored), and what
`mentions` makes of a column whose text may name the person. All is found by ids where there are any.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from libs.common.contracts.shared import IdentityKind

AT_ONCE = 500  # rows of one transaction
WALKED = 5000  # rows that one transaction looks at where no index leads to a person's

OF_LEADS = "lead_id = ANY(:leads)"
OF_CUSTOMERS = "customer_id = ANY(:customers)"
THEIRS = f"({OF_LEADS} OR {OF_CUSTOMERS})"
OF_KEYS = (
    "key = ANY(ARRAY(SELECT 'lead:' || x FROM unnest(:leads) AS x"
    " UNION ALL SELECT 'customer:' || x FROM unnest(:customers) AS x))"
)
# The keys of messages whose customer is not known when they come.
_KINDS = ", ".join(f"'{kind.value}'" for kind in IdentityKind)
OF_ADDRESSES = (
    "key = ANY(ARRAY(SELECT 'address:' || kind || ':' || address"  # noqa: S608 - constants
    f" FROM unnest(ARRAY[{_KINDS}]) AS kind, unnest(:exact) AS address))"
)

_TYPES = {
    "customers": "uuid[]",
    "leads": "uuid[]",
    "words": "text[]",
    "digits": "text[]",
    "encoded": "text[]",
    "exact": "text[]",
    "desk": "text",
    "after": "text",
}
#: The body of a stored answer, as text.
ANSWER = "encode(body, 'escape')"
_LOST = {
    "executed_at": "coalesce(executed_at, created_at)",
    **dict.fromkeys(("status", "headers", "body"), "NULL"),
}
#: As forms and addresses write a number: blanks, brackets, dashes, or escaped.
_BETWEEN_DIGITS = "(%[0-9A-Fa-f]{2}|[ ()+.-])"
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Place:
    """Rows of a table and what becomes of them: columns get a value, or the rows go.

    `walk` is the type of the key of rows to whose persons no index leads: they are looked through by the key, a
    stretch at a time, those alone that are `among` them. `name` where a table has several places.
    """

    table: str
    where: str
    sets: Mapping[str, str] = field(default_factory=dict)
    walk: Literal["uuid", "bigint"] | None = None
    among: str = "true"
    name: str = ""

    @property
    def key(self) -> str:
        return self.name or self.table


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that leave by themselves; nothing is done before they have, or an event would be lost."""

    table: str
    columns: tuple[str, ...]
    where: str
    name: str = ""

    @property
    def key(self) -> str:
        return self.name or self.table


def mentions(*columns: str) -> str:
    """Return the condition that one of these texts has a number, an address or a channel's id of the person."""
    return f"({' OR '.join(map(_mentions, columns))})"


def mentions_bytes(*columns: str) -> str:
    """Return the same of bytes."""
    return mentions(*(f"encode({column}, 'escape')" for column in columns))


def mentioned(*columns: str) -> str:
    """Return the condition that a row of the desk mentions the person: other desks keep what they know of them."""
    return f"(desk = :desk AND {mentions(*columns)})"


def mentioned_bytes(*columns: str) -> str:
    """Return the same of bytes."""
    return f"(desk = :desk AND {mentions_bytes(*columns)})"


def names_one(column: str) -> str:
    """Return the condition that a text has the id of one of the person's leads or customers."""
    return names_any(column, "ANY(:customers || :leads)")


def names_any(column: str, ids: str) -> str:
    """Return the condition that a text has one of these ids, which are SQL that a comparison takes."""
    return f"EXISTS (SELECT FROM regexp_matches({column}, '{_UUID}', 'g') AS m(found) WHERE found[1]::uuid = {ids})"


def answers(names: str, name: str = "") -> Place:
    """Return the place of stored answers that name the person so: a repeat of such a call hears `answer_lost`."""
    return Place("idempotency", f"status IS NOT NULL AND {names}", _LOST, name=name)


def by_ids(place: Place | Waiting) -> bool:
    """Return whether ids alone lead to the rows, so that it can be emptied when all else is forgotten."""
    _, names = statement(place)
    return (
        isinstance(place, Place)
        and place.walk is None
        and {"words", "digits", "encoded", "exact"}.isdisjoint(names)
    )


def statement(place: Place | Waiting) -> tuple[str, tuple[str, ...]]:
    """Return the SQL that does a stretch of a place, and the names of its parameters.

    It answers how many rows changed, and of a walk the last key that was looked at.
    """
    if isinstance(place, Waiting):
        return _numbered(f"SELECT count(*), NULL FROM {place.table} WHERE {place.where}")  # noqa: S608 - our own
    changed = " OR ".join(f"{column} IS DISTINCT FROM {value}" for column, value in place.sets.items())
    where = f"{place.where} AND ({changed})" if changed else place.where
    found = f"SELECT ctid FROM {place.table} WHERE {where} LIMIT {AT_ONCE} FOR UPDATE"  # noqa: S608 - our own
    if place.walk is None:
        done = f"{_change(place)} WHERE ctid = ANY(ARRAY({found})) RETURNING 1"
        return _numbered(f"WITH done AS ({done}) SELECT (SELECT count(*) FROM done), NULL")  # noqa: S608 - our own
    after = f"(:after::{place.walk} IS NULL OR id > :after::{place.walk})"
    seen = f"SELECT id FROM {place.table} WHERE {place.among} AND {after} ORDER BY id LIMIT {WALKED}"  # noqa: S608 - our own
    done = f"{_change(place)} WHERE id = ANY(ARRAY(SELECT id FROM seen)) AND {where} RETURNING 1"  # noqa: S608 - ours
    last = "SELECT id::text FROM seen ORDER BY seen.id DESC LIMIT 1"
    return _numbered(
        f"WITH seen AS MATERIALIZED ({seen}), done AS ({done}) SELECT (SELECT count(*) FROM done), ({last})"  # noqa: S608 - ours
    )


def _change(place: Place) -> str:
    values = ", ".join(f"{column} = {value}" for column, value in place.sets.items())
    return f"UPDATE {place.table} SET {values}" if values else f"DELETE FROM {place.table}"  # noqa: S608 - our own


def _mentions(text: str) -> str:
    plain = f"lower(replace({text}, '%40', '@')) LIKE ANY(:words)"
    spaced = f"regexp_replace({text}, '{_BETWEEN_DIGITS}', '', 'g') LIKE ANY(:digits)"
    return f"{plain} OR {spaced} OR {text} LIKE ANY(:encoded)"


def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}::{_TYPES[name]}"

    known = "|".join(_TYPES)
    return re.sub(rf"(?<!:):({known})\b", number, sql), tuple(names)


_DISCARDED = {
    "body": "'{}'",
    "headers": "'[]'",
    "error": "'erased'",
    "note": "'erased'",
    "state": "CASE WHEN state = 'done' THEN state ELSE 'discarded' END",
}

#: What every service has: events on their way and parked ones, stored answers, saved filters.
COMMON: tuple[Place | Waiting, ...] = (
    Place("parked", OF_KEYS, _DISCARDED),
    Place(
        "parked",
        f"desk = :desk AND ({OF_ADDRESSES} OR {mentions_bytes('body')}"
        f" OR {mentions('headers::text', 'error', 'note')})",
        {**_DISCARDED, "key": f"CASE WHEN {OF_ADDRESSES} THEN 'erased' ELSE key END"},
        name="parked events that name them",
    ),
    answers(names_one(ANSWER)),
    # Sealed answers cannot be read, and last a day.
    answers(
        f"({ANSWER} LIKE 'v1.%' OR {mentions_bytes('body')} OR {mentions('headers')})", "answers that name them"
    ),
    Place("saved_filter", mentioned("query::text", "name"), {"query": "'{}'", "name": "'erased ' || id"}),
    # By the address on any desk: the stream that goes below is of all of them.
    Waiting("outbox", ("key", "body"), f"({OF_KEYS} OR {OF_ADDRESSES} OR {mentioned_bytes('body')})"),
    # Last, once nothing of it is on its way: what they write later is of a stream that begins anew.
    Place("stream", OF_ADDRESSES),
)
