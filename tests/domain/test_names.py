"""Names as they may stand in a message."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.common.domain.names import has_link, plain_name

PIECES = st.lists(st.sampled_from([
    "Анна", "Anna", " ", "\n", "https://", "example", ".", "org", "ru", "/pay", "www.", "@", "<a>", "</a>", ":",
    "-", "\u200b", "\u2028", "t.me", "рф", "x", "1", "\x00", "(", ")",
]), max_size=12).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    "name", ["Анна", "Анна Иванова", "А.С. Пушкин", "O'Neil", "Anna-Maria", "Мария (мама)", "Ли", "🌸"]
)
def test_a_name_stays_as_it_is(name: str) -> None:
    assert plain_name(name) == name


@pytest.mark.req("name-with-link")
@given(PIECES | st.text(max_size=40))
@example("t.mewww.Анна")
def test_no_link_and_no_line_break_is_left_in_any_name(text: str) -> None:
    name = plain_name(text)
    assert not has_link(name)
    assert name == " ".join(name.split())
    assert plain_name(name) == name
