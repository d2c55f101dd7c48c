"""Rules by what the sender of a message says: words and buttons; none of it is kept or shown (S2.9, P.7)."""

import json
from collections.abc import Mapping
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import ContactKind, Direction, Speaker
from services.tasks.engine.words import says
from tests.tasks.client import Api
from tests.tasks.desk import Desk, contact
from tests.tasks.support import TINY

STOP = "Прошу ВСЁ отменить, мой номер KX4111"
#: A message is read: who confirms is noted, who calls off gets a task, and all else is a note.
SAID = TINY.replace(
    '"on":',
    """"on":
  contact_recorded:
    - when: {contact: message, button: Подтверждаю}
      then: [note: {ru: Подтвердил, en: Confirmed}]
    - when: {words: [отменить, не приду]}
      then: [open: {type: call, important: true}]
    - then: [note: {ru: Прочесть, en: To be read}]""",
)


@pytest.mark.parametrize(
    ("text", "phrase", "said"),
    [
        ("ОТМЕНИТЬ!", "отменить", True),
        ("отменительный", "отменить", False),
        ("всё-все", "все", True),
        ("Ещё нет", "еще", True),
        ("Сегодня не   приду.", "не приду", True),
        ("не сейчас, приду", "не приду", False),
        ("", "да", False),
        (None, "да", False),
    ],
)
def test_words_are_said_whole_in_any_case_and_with_either_e(text: str | None, phrase: str, said: bool) -> None:
    assert says(text, [phrase]) is said


@given(before=st.text(), phrase=st.text(min_size=1), after=st.text())
def test_what_stands_between_blanks_is_said_if_it_has_a_word(before: str, phrase: str, after: str) -> None:
    has_word = any(character.isalnum() for character in phrase)
    assert says(f"{before} {phrase.upper()} {after}", [phrase.upper()]) or not has_word


@pytest_asyncio.fixture
async def lead_id(desk: Desk) -> UUID:
    await desk.activate_playbook(SAID)
    return await desk.lead("tiny")


async def write(desk: Desk, lead_id: UUID, said: Mapping[str, str], direction: Direction = Direction.IN) -> None:
    person = Speaker(phone="+79990000001", **said)
    await desk.receive(contact(lead_id=lead_id, kind=ContactKind.MESSAGE, direction=direction, person=person))


async def titles(api: Api, lead_id: UUID) -> list[str]:
    answer = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    return [step["title"] for step in answer.json()["items"]]


@pytest.mark.req("S2.9")
@pytest.mark.parametrize(
    ("said", "opened", "note"),
    [
        ({"button": "подтверждаю"}, 1, "Подтвердил"),
        ({"button": "Подтверждаю", "text": "Не приду"}, 1, "Подтвердил"),
        ({"text": STOP}, 2, None),
        ({"button": "Отменить"}, 1, "Прочесть"),
        ({"text": "Спасибо"}, 1, "Прочесть"),
        ({}, 1, "Прочесть"),
    ],
)
async def test_what_a_sender_says_decides_which_rule_runs(
    desk: Desk, api: Api, lead_id: UUID, said: dict[str, str], opened: int, note: str | None
) -> None:
    await write(desk, lead_id, said)
    noted = {"Подтвердил", "Прочесть"} & set(await titles(api, lead_id))
    assert (len(await desk.tasks()), noted) == (opened, {note} - {None})


async def test_what_we_write_is_no_word_of_the_customer(desk: Desk, api: Api, lead_id: UUID) -> None:
    await write(desk, lead_id, {"text": STOP}, Direction.OUT)
    assert (len(await desk.tasks()), "Прочесть" in await titles(api, lead_id)) == (1, True)


@pytest.mark.req("P.7")
async def test_nothing_that_is_said_is_kept_published_or_shown(
    desk: Desk, api: Api, lead_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    await write(desk, lead_id, {"text": STOP})
    pool = desk.ctx.db.pool
    tables = ("process", "task", "timer", "timeline_entry", "outbox")
    rows = [dict(row) for table in tables for row in await pool.fetch(f"SELECT * FROM {table}")]
    shown = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    assert "KX4111" not in json.dumps(rows, default=str) + shown.text + capsys.readouterr().out
