"""Names in brackets and JSON inside of fields, as forms have them."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.formats.payload import MAX_DEPTH, nested, object_of, opened
from services.intake.formats.rules import Json, RawRequest

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(("fields", "tree"), [
    ({"a[b]": "1", "a[c]": "2"}, {"a": {"b": "1", "c": "2"}}),
    ({"data[user][name]": "Анна"}, {"data": {"user": {"name": "Анна"}}}),
    ({"a[1]": "x", "a[0]": "y"}, {"a": ["y", "x"]}),
    ({"a[10][b]": "x", "a[9][b]": "y"}, {"a": [{"b": "y"}, {"b": "x"}]}),
    ({"a[]": "x"}, {"a": ["x"]}),
    ({"a[0]": "x", "a[b]": "y"}, {"a": {"0": "x", "b": "y"}}),
    ({"a[b]": "x", "a[b][c]": "y"}, {"a": {"b": "x"}}),
    ({"a[": "x", "[a]": "y", "a]b[": "z", "a": "w"}, {}),
    ({"a" + "[b]" * MAX_DEPTH: "x"}, {"a": {}}),
])  # fmt: skip
def test_names_in_brackets_are_nested(fields: dict[str, Json], tree: dict[str, Json]) -> None:
    found = nested(fields)
    assert found == tree or (tree == {"a": {}} and found == {})


def test_names_stay_as_they_came_too() -> None:
    payload = object_of(RawRequest("POST", b"", FORM, b"customer[phone]=1&name=x"))
    assert payload == {"customer[phone]": "1", "customer": {"phone": "1"}, "name": "x"}


@pytest.mark.parametrize(("body", "payload"), [
    (b"a=1 & 2%20\r\nb=x=y\r\nc=\r\n", {"a": "1 & 2%20", "b": "x=y", "c": ""}),
    (b"a=first\r\n\r\nthird\r\nb=+7\r\n", {"a": "first\r\n\r\nthird", "b": "+7"}),
    (b"no field\r\na=1\r\n", {"a": "1"}),
    (b"a[b]=1\r\n", {"a[b]": "1", "a": {"b": "1"}}),
    (b"a=1&b=2\r\n", {"a": "1", "b": "2\r\n"}),
    (b"a=1&b=2", {"a": "1", "b": "2"}),
])  # fmt: skip
def test_a_form_of_plain_text_has_a_field_on_each_line(body: bytes, payload: dict[str, Json]) -> None:
    assert object_of(RawRequest("POST", b"", {"content-type": "text/plain"}, body)) == payload


def test_a_form_of_very_many_lines_is_read_at_once() -> None:
    payload = object_of(RawRequest("POST", b"", {"content-type": "text/plain"}, b"a=" + b"\r\n" * 500_000))
    assert list(payload) == ["a"]


def test_a_field_of_its_own_is_not_hidden_by_brackets() -> None:
    assert object_of(RawRequest("POST", b"", FORM, b"a=1&a[b]=2"))["a"] == "1"


@pytest.mark.parametrize(("value", "found"), [
    ('{"a": [1]}', {"a": [1]}), (' [1, "b"]', [1, "b"]), ("{broken", "{broken"), ("text", "text"), ("1", "1"),
    (7, 7), (None, None),
])  # fmt: skip
def test_json_inside_of_a_field_is_read(value: Json, found: Json) -> None:
    assert opened(value) == found


@given(st.dictionaries(st.text("ab[]0", max_size=12), st.text(max_size=3), max_size=8))
def test_any_names_are_nested_to_what_json_can_hold(fields: dict[str, Json]) -> None:
    assert orjson.loads(orjson.dumps(nested(fields))) == nested(fields)


@given(st.text(max_size=60) | st.text("[{", max_size=3000))
def test_any_text_is_opened(text: str) -> None:
    assert opened(text) is not None


def test_a_source_names_the_charset_of_what_names_none() -> None:
    raw = RawRequest("POST", b"", FORM, b"name=%C0%ED%ED%E0")
    assert object_of(raw, "windows-1251") == {"name": "Анна"}
