"""Segments of SMS at their edges: the alphabet decides, and no character is cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.domain.sms import Encoding, Segments, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments(Encoding.GSM7, 0, 0)),
        ("a" * 160, Segments(Encoding.GSM7, 160, 1)),
        ("a" * 161, Segments(Encoding.GSM7, 161, 2)),
        ("a" * 306, Segments(Encoding.GSM7, 306, 2)),
        ("a" * 307, Segments(Encoding.GSM7, 307, 3)),
        ("я" * 70, Segments(Encoding.UCS2, 70, 1)),
        ("я" * 71, Segments(Encoding.UCS2, 71, 2)),
        ("я" * 134, Segments(Encoding.UCS2, 134, 2)),
        ("я" * 135, Segments(Encoding.UCS2, 135, 3)),
        ("€" * 80, Segments(Encoding.GSM7, 160, 1)),
        ("€" * 81, Segments(Encoding.GSM7, 162, 2)),
        ("a" * 152 + "€" + "a" * 152, Segments(Encoding.GSM7, 306, 3)),
        ("😀" * 35, Segments(Encoding.UCS2, 70, 1)),
        ("я" * 66 + "😀" + "я" * 66, Segments(Encoding.UCS2, 134, 3)),
        ("`", Segments(Encoding.UCS2, 1, 1)),
        ("Заказ 1042 принят", Segments(Encoding.UCS2, 17, 1)),
    ],
)
def test_a_text_has_its_segments(text: str, expected: Segments) -> None:
    assert segments(text) == expected


@given(st.text(max_size=500))
def test_segments_hold_the_whole_text_and_not_one_more_than_they_need(text: str) -> None:
    found = segments(text)
    most = {Encoding.GSM7: 153, Encoding.UCS2: 67}[found.encoding]
    assert found.units <= max(found.count * most, {Encoding.GSM7: 160, Encoding.UCS2: 70}[found.encoding])
    assert found.count <= 1 or found.units > (found.count - 1) * (most - 1)


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert segments(text).count <= segments(text + more).count
