"""Secrets at rest: they open with their key, in their place, unchanged, and in no other way."""

import base64
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.platform.db import Database
from libs.common.platform.sealing import BrokenSealError, DataKeys, MissingKeyError, Place
from libs.common.platform.sealing.keeper import is_read_plain, require_keys, rotate
from libs.common.platform.sealing.keys import key_of, new_key

HERE = Place("channel", "secrets", UUID(int=1))
OTHER_PLACES = [
    Place("source", "secrets", UUID(int=1)),
    Place("channel", "api_key", UUID(int=1)),
    Place("channel", "secrets", UUID(int=2)),
]


def keys(*ids: str) -> DataKeys:
    return DataKeys.parse(" ".join(f"{key_id}:{base64.b64encode(key_id.encode() * 16).decode()}" for key_id in ids))


OLD, NEW = "k1", "k2"


@given(st.text())
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert keys(OLD).open(keys(OLD).seal(text, HERE), HERE) == text


def test_no_two_seals_of_one_text_are_alike_and_none_shows_it() -> None:
    sealed = {keys(OLD).seal("secret", HERE) for _ in range(5)}
    assert (len(sealed), any("secret" in one for one in sealed)) == (5, False)


def test_a_stored_value_names_its_key_and_an_older_key_still_opens_it() -> None:
    sealed = keys(OLD).seal("secret", HERE)
    assert (key_of(sealed), keys(NEW, OLD).open(sealed, HERE)) == (OLD, "secret")


def test_the_first_key_seals() -> None:
    assert key_of(keys(NEW, OLD).seal("secret", HERE)) == NEW


@pytest.mark.parametrize("place", OTHER_PLACES)
def test_a_value_opens_nowhere_but_in_its_place(place: Place) -> None:
    sealed = keys(OLD).seal("secret", HERE)
    with pytest.raises(BrokenSealError):
        keys(OLD).open(sealed, place)


@given(st.integers(0, 10_000), st.text(min_size=1, max_size=1))
def test_a_value_that_was_changed_never_opens_as_another_text(at: int, character: str) -> None:
    sealed = keys(OLD).seal("secret", HERE)
    at %= len(sealed)
    with suppress(BrokenSealError, MissingKeyError):
        assert keys(OLD).open(sealed[:at] + character + sealed[at + 1 :], HERE) == "secret"


@pytest.mark.parametrize("stored", ["", "secret", "v1", "v1.k1", "v2.k1.AAAA", "v1.k1.", "v1.k1.!!", "v1.k1.AAAA"])
def test_what_is_no_sealed_value_is_said_to_be_broken(stored: str) -> None:
    with pytest.raises(BrokenSealError):
        keys(OLD).open(stored, HERE)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(MissingKeyError, match="k1"):
        keys(NEW).open(keys(OLD).seal("secret", HERE), HERE)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "key 1 is not"),
        ("k1", "key 1 is not"),
        ("k1:short", "key 1 is not"),
        (f"k 1:{base64.b64encode(bytes(32)).decode()}", "key 1 is not"),
        (f"k1:{base64.b64encode(bytes(16)).decode()}", "key 1 is not"),
        (2 * f"k1:{base64.b64encode(bytes(32)).decode()}\n", "k1 is given twice"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_without_being_quoted(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as refused:
        DataKeys.parse(text)
    assert "short" not in str(refused.value)


@pytest.mark.parametrize("between", ["\n", " ", ",", ",\n", "\t\n"])
def test_keys_may_stand_in_lines_or_beside_one_another(between: str) -> None:
    found = DataKeys.parse(f"{new_key('k2')}{between}{new_key('k1')}\n")
    assert (found.first, repr(found)) == ("k2", "DataKeys(k2, k1)")


class Column:
    """Values in memory, some of them plain: a column as a slice keeps it."""

    def __init__(self, *values: str) -> None:
        self.values = list(values)
        self.forgot: set[bool] = set()

    async def key_ids(self, _: Database) -> set[str]:
        return {key_of(value) for value in self.values if value.startswith("v1.")}

    async def reseal(self, _: Database, keys: DataKeys, limit: int, *, forget_plain: bool) -> int:
        self.forgot.add(forget_plain)
        old = [value for value in self.values if not value.startswith(keys.prefix)][:limit]
        for value in old:
            opened = keys.open(value, HERE) if value.startswith("v1.") else value
            self.values[self.values.index(value)] = keys.seal(opened, HERE)
        return len(old)


def opened(column: Column, by: DataKeys) -> Sequence[str]:
    return [by.open(value, HERE) for value in column.values]


async def test_a_rotation_seals_everything_anew_in_batches(messaging_db: Database) -> None:
    texts = [f"secret {number}" for number in range(250)]
    column = Column(*texts[:120], *(keys(OLD).seal(text, HERE) for text in texts[120:]))
    assert await rotate([column], messaging_db, keys(NEW, OLD)) == 250
    assert opened(column, keys(NEW)) == texts
    assert await rotate([column], messaging_db, keys(NEW)) == 0


async def test_a_key_that_stored_values_name_is_required(messaging_db: Database) -> None:
    column = Column("plain", keys(OLD).seal("secret", HERE))
    await require_keys([column], messaging_db, keys(NEW, OLD))
    with pytest.raises(MissingKeyError, match="k1"):
        await require_keys([column], messaging_db, keys(NEW))


@pytest.mark.parametrize(("name", "old"), [("dozvon-intake-1", True), ("dozvon/intake-1", False), ("psql", False)])
async def test_plain_secrets_stay_while_a_process_of_the_release_before_reads_them(
    messaging_db: Database, name: str, old: bool
) -> None:
    async with messaging_db.pool.acquire() as other, messaging_db.pool.acquire() as conn:
        await other.execute(f"SET application_name = '{name}'")
        assert await is_read_plain(conn) is old
        column = Column("plain")
        await rotate([column], messaging_db, keys(NEW))
        await other.execute("RESET application_name")
    assert column.forgot == {not old}
