"""Strict JSON: what is refused, how, and where the fault is said to be."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.platform.http.json import MAX_DEPTH, parse_json
from libs.common.platform.http.problems import Problem

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def refused(raw: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        parse_json(raw)
    return caught.value


@given(VALUES)
def test_every_storable_value_is_read_as_written(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(VALUES)
def test_text_with_quotes_and_colons_is_not_taken_for_members(value: object) -> None:
    wrapped = {'":"': json.dumps(value), 'a": "b': [json.dumps({"a": value})]}
    assert parse_json(json.dumps(wrapped, indent=1).encode()) == wrapped


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"1e400",
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'{"a": 1,}',
        b"[" * 100_000,
        b"{'a': 1}",
        b'"\x00"',
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_what_is_not_json_is_malformed(raw: bytes) -> None:
    problem = refused(raw)
    assert (problem.status_code, problem.code) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("raw", "pointers"),
    [
        (rb'{"person": {"name": "a\u0000b"}, "ok": 1}', ["/person/name"]),
        (rb'["x", "\u0000", {"a/b~": "\u0000"}]', ["/1", "/2/a~1b~0"]),
        (rb'{"a\u0000": 1}', [""]),
        (rb'"\u0000"', [""]),
    ],
)
def test_nul_is_refused_with_every_place(raw: bytes, pointers: list[str]) -> None:
    problem = refused(raw)
    assert problem.code == "unstorable_text"
    assert [fault.pointer for fault in problem.errors] == pointers


def test_the_six_characters_of_an_escaped_backslash_are_no_nul() -> None:
    assert parse_json(rb'{"a": "\\u0000"}') == {"a": "\\u0000"}


def test_a_lone_surrogate_is_unstorable_and_pointed_at() -> None:
    problem = refused(rb'{"a": {"b": "\ud800"}}')
    assert (problem.status_code, problem.errors[0].pointer) == (422, "/a/b")


def test_a_member_given_twice_is_named() -> None:
    problem = refused(b'{"x": {"amount": 1, "amount": 2}}')
    assert (problem.status_code, problem.errors[0].code) == (400, "duplicate_member")
    assert "amount" in str(problem.errors[0].detail)


def test_many_members_given_twice_are_found_at_once() -> None:
    raw = json.dumps({f"a{n}": 1 for n in range(20_000)})[:-1] + ', "a7": 2}'
    started = time.process_time()
    assert "a7" in str(refused(raw.encode()).errors[0].detail)
    assert time.process_time() - started < 1


def test_a_long_name_over_many_values_takes_no_quadratic_time() -> None:
    raw = json.dumps({"a" * 500_000: ["\x00"] + [1] * 100_000}).encode()
    started = time.process_time()
    assert refused(raw).code == "unstorable_text"
    assert time.process_time() - started < 1


def test_nesting_ends_at_the_limit() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert refused(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)).errors[0].code == "too_deep"
