"""Which tables hold a word: in any column, as text or as bytes, plain or within base64."""

import base64
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import asyncpg

Connected: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.Pool[asyncpg.Record]"

NAMES = "SELECT table_name FROM information_schema.tables WHERE table_schema = $1 ORDER BY 1"
PLAIN = "SELECT EXISTS (SELECT FROM {0}.{1} AS t WHERE to_jsonb(t)::text ILIKE ANY($1::text[]))"
# What may be base64, of either alphabet, and bytes, which JSON shows as hexadecimal. Ids of ours are neither.
TOKENS = r"""
SELECT DISTINCT found[1]
FROM {0}.{1} AS t, regexp_matches(to_jsonb(t)::text, '[A-Za-z0-9+/_-]{{12,}}', 'g') AS m(found)
WHERE found[1] !~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'
"""
_TOKEN = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_BYTES = re.compile(r"x((?:[0-9a-f]{2})+)")
_ALPHABET = bytes.maketrans(b"-_", b"+/")


async def tables_with(conn: Connected, schema: str, *words: str) -> set[str]:
    """Return the tables of a schema that have any of these words."""
    wanted = [f"%{word}%" for word in words] + [f"%{word.encode().hex()}%" for word in words]
    sought = [word.lower().encode() for word in words]
    names = [row["table_name"] for row in await conn.fetch(NAMES, schema)]
    return {
        name
        for name in names
        if await conn.fetchval(PLAIN.format(schema, name), wanted)
        or any(has(row[0], sought) for row in await conn.fetch(TOKENS.format(schema, name)))
    }


def has(token: str, sought: Sequence[bytes]) -> bool:
    """Return whether any of these words stands in what a token is the base64 of."""
    return any(word in text for text in map(bytes.lower, _decoded(token)) for word in sought)


def _decoded(token: str) -> Iterator[bytes]:
    if hexadecimal := _BYTES.fullmatch(token):
        for found in _TOKEN.findall(bytes.fromhex(hexadecimal[1])):
            yield from _opened(found)
    else:
        yield from _opened(token.encode())


def _opened(token: bytes) -> Iterator[bytes]:
    """Decode from each of four characters on: what stands before the base64 may look like it."""
    text = token.translate(_ALPHABET)
    for start in range(4):
        part = text[start:]
        whole = part[: len(part) - (len(part) % 4 == 1)]
        yield base64.b64decode(whole + b"=" * (-len(whole) % 4))
