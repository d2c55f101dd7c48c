"""Stop words: a message that is one and no more closes its address for advertisements at once (P.10, P.14)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.platform.db import Database
from services.notifications.received.rules import STOP_WORDS, says_stop
from tests.notifications.api import Api, running_api
from tests.notifications.support import Desk, open_desk
from tests.notifications.test_conversations import hear, listed, resolve, timeline
from tests.notifications.test_received import published, said


@pytest.mark.parametrize(
    ("text", "button", "stop"),
    [
        ("СТОП!", None, True), ("stop.", None, True), ("Отпишите меня", None, True), (None, "Отписаться", True),
        ("Стоп, а где мой заказ?", None, False), ("не останавливайтесь", None, False), ("", None, False),
        ("стоп", "Продолжить", False),
    ],
)  # fmt: skip
def test_a_stop_word_is_all_that_is_said(text: str | None, button: str | None, stop: bool) -> None:
    assert says_stop(text, button, None) is stop


@given(st.sampled_from(STOP_WORDS), st.text(alphabet=" .,!?*()«»\n\t"), st.text(alphabet=" .,!?*()«»\n\t"))
def test_no_case_and_no_sign_around_it_makes_a_stop_word_another(word: str, before: str, after: str) -> None:
    assert says_stop(f"{before}{word.upper()}{after}", None, None)


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        yield opened


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    async with running_api(desk.db) as running:
        yield running


async def wishes(api: Api) -> list[tuple[str, bool, bool]]:
    found = (await api.call("GET", "/addresses", role="supervisor")).json()["items"]
    return [(one["address"], one["opted_out"], one["opted_out_of_marketing"]) for one in found]


@pytest.mark.req("P.10", "P.14")
@pytest.mark.parametrize("members", [{"text": "Стоп"}, {"type": "button", "text": "Отписаться"}])
async def test_a_stop_word_closes_the_address_for_advertisements_is_shown_and_waits_for_no_answer(
    desk: Desk, api: Api, members: dict[str, object]
) -> None:
    await hear(desk, said(**members))
    await resolve(desk)
    [thread], [message], [event] = await listed(api), await timeline(api), await published(desk)
    assert await wishes(api) == [("79000000001", False, True)]
    assert (thread["unanswered_since"], message["by"], event.person.stop) == (None, "customer", True)


@pytest.mark.req("P.14")
async def test_what_says_more_than_a_stop_word_is_a_question(desk: Desk, api: Api) -> None:
    await hear(desk, said(text="Стоп, а где мой заказ?"))
    assert (await wishes(api), len(await listed(api, "unanswered=true"))) == ([], 1)


@pytest.mark.req("P.14")
async def test_a_channel_has_stop_words_of_its_own(desk: Desk, api: Api) -> None:
    changed = await api.call("PATCH", f"/channels/{desk.channel_id}", {"stop_words": ["хватит"]}, if_match='"1"')
    await hear(desk, said(text="Стоп"), said("2", text="Хватит!!", chatId="79000000002"))
    assert (changed.json()["stop_words"], await wishes(api)) == (["хватит"], [("79000000002", False, True)])
