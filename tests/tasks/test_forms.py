"""Fields of several parts: any JSON is read whole or named as faulty, part by part (S3.13, S3.18)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tasks.engine.forms import LONGEST_ANSWER, Form, read_answers, read_document
from services.tasks.playbooks.fields import AnswerType, Question, Questionnaire
from services.tasks.playbooks.terms import Title

WORDS = Title("Слова", "Words")
URL = "https://example.com/1"
SURVEY = Questionnaire(
    "visit",
    WORDS,
    {
        "speed": Question("speed", WORDS, AnswerType.SCALE, least=2, most=9),
        "colour": Question("colour", WORDS, AnswerType.CHOICE, optional=True, options={"red": WORDS, "5": WORDS}),
        "words": Question("words", WORDS, AnswerType.TEXT, optional=True),
    },
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["speed", "url", "x"]), inner),
    max_leaves=6,
)
NAMES = st.sampled_from(["speed", "colour", "words", "title", "number", "url", "other"])


def faults(form: Form) -> list[tuple[str, str]]:
    return [(fault.at, fault.code) for fault in form.faults]


@given(value=VALUES | st.dictionaries(NAMES, VALUES, max_size=6))
def test_anything_is_read_or_named_as_faulty(value: object) -> None:
    for form, needed in ((read_document(value), {"title", "url"}), (read_answers(SURVEY, value), {"speed"})):
        assert form.faults or needed <= form.parts.keys()
        assert all(isinstance(text, str) and text.strip() for text in form.parts.values())
        assert {fault.at for fault in form.faults}.isdisjoint({f"/{name}" for name in form.parts})


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (2, None), ("2", None), (" 9 ", None), (9, None), (1, "off_the_scale"), (10, "off_the_scale"),
        ("2.5", "off_the_scale"), (True, "off_the_scale"), ("two", "off_the_scale"), ("٣", "off_the_scale"),
        ([3], "off_the_scale"), ("00000003", "off_the_scale"), ("", "answer_required"), (None, "answer_required"),
    ],
)  # fmt: skip
def test_a_scale_takes_whole_numbers_from_one_end_to_the_other(answer: object, code: str | None) -> None:
    form = read_answers(SURVEY, {"speed": answer})
    assert faults(form) == ([] if code is None else [("/speed", code)])
    assert form.parts == ({} if code else {"speed": str(answer).strip()})


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"colour": "red", "words": " да "}, {}),
        ({"colour": "blue"}, {"/colour": "not_a_choice"}),
        ({"colour": 5}, {"/colour": "not_a_choice"}),
        ({"words": 5}, {"/words": "not_a_text"}),
        ({"words": "w" * LONGEST_ANSWER}, {}),
        ({"words": "w" * (LONGEST_ANSWER + 1)}, {"/words": "not_a_text"}),
        ({"taste": 5, "smell": 6}, {"/smell": "unknown_field", "/taste": "unknown_field"}),
    ],
)
def test_choices_and_texts_are_of_their_kind(given: dict[str, object], found: dict[str, str]) -> None:
    form = read_answers(SURVEY, {"speed": 5, **given})
    assert dict(faults(form)) == found
    assert form.parts.get("words", "да") in ("да", "w" * LONGEST_ANSWER)


@pytest.mark.parametrize("value", ["5", 5, [], None, True])
def test_what_has_no_parts_is_one_fault_of_the_whole(value: object) -> None:
    assert faults(read_answers(SURVEY, value)) == [("", "not_answers")]
    assert faults(read_document(value)) == [("", "not_a_document")]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"title": " Акт ", "url": URL}, {}),
        ({"title": "а" * 200, "number": "1" * 100, "url": URL + "x" * (2000 - len(URL))}, {}),
        ({"title": "а" * 201, "number": "1" * 101, "url": URL + "x" * 2000},
         {"/title": "not_a_text", "/number": "not_a_text", "/url": "not_a_url"}),
        ({"title": 5, "url": 5}, {"/title": "not_a_text", "/url": "not_a_url"}),
        ({"title": " ", "url": None}, {"/title": "field_required", "/url": "field_required"}),
        ({"title": "Акт", "url": "ftp://example.com"}, {"/url": "not_a_url"}),
        ({"title": "Акт", "url": "https://a b"}, {"/url": "not_a_url"}),
        ({"title": "Акт", "url": URL, "pages": 3}, {"/pages": "unknown_field"}),
    ],
)  # fmt: skip
def test_a_document_has_a_title_and_an_address(given: dict[str, object], found: dict[str, str]) -> None:
    form = read_document(given)
    assert dict(faults(form)) == found
    assert found or form.parts["title"] == str(given["title"]).strip()


@pytest.mark.parametrize(
    ("code", "ru"), [("off_the_scale", "Нужно число 2…9"), ("unknown_field", "Есть только: speed, colour, words")]
)
def test_a_fault_says_what_would_be_right(code: str, ru: str) -> None:
    (said,) = [fault.detail.ru for fault in read_answers(SURVEY, {"speed": 1, "x": 1}).faults if fault.code == code]
    assert said == ru
