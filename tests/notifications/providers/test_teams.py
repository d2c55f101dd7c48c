"""Channels of the team: of providers that have nothing else, and of bots, which write to customers too."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.connect.command.rules import Class, Refused
from libs.common.connect.exchange import Reply
from services.notifications.providers.config import BotConfig
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import TEAM, ChannelKind, Identities, Outbound
from tests.notifications.providers.samples import HERE, channel, samples

TEAMS = sorted(code for code, known in PROVIDERS.items() if known.channels == {ChannelKind.TEAM})
BOTS = sorted(code for code, known in PROVIDERS.items() if issubclass(known.Config, BotConfig))
TEXT = st.text(max_size=40)
OUT = Outbound("k", None, TEAM, "Новая заявка")


@pytest.mark.parametrize("code", BOTS)
def test_a_bot_writes_to_who_is_known_by_its_messenger(code: str) -> None:
    assert PROVIDERS[code].address(Identities("+79000000001", ids={"bsuid": "1", "instagram": "2"})) is None
    assert PROVIDERS[code].address(Identities(ids={code: "500000003"})) == "500000003"


@pytest.mark.parametrize("code", BOTS)
def test_a_bot_writes_to_the_group_that_it_names_and_to_customers_else(code: str) -> None:
    known, alone = PROVIDERS[code], channel(code)
    crew = channel(code, team_chat_id="-42")
    assert [*known.kinds(alone.config), *known.kinds(crew.config)] == [ChannelKind(code), ChannelKind.TEAM]
    requests = [crew.request(replace(OUT, address=address)) for address in (TEAM, "500000003")]
    assert requests[0] == requests[1]
    assert crew.sender != alone.sender


@pytest.mark.parametrize("code", BOTS)
def test_no_refusal_of_a_group_says_anything_of_an_address(code: str) -> None:
    crew = channel(code, team_chat_id="-42")
    answers = [crew.answer(one.reply, OUT) for one in samples(code) if "refused" in one.expect]
    answers += [crew.answer(Reply(status, {}, b'{"code": "chat.denied"}'), OUT) for status in (403, 404)]
    codes = [answer.code for answer in answers if isinstance(answer, Refused)]
    assert [code for code in codes if (error := crew.error(code)) is not None and error.remember] == []


@pytest.mark.parametrize("code", BOTS)
def test_a_bot_without_our_secret_is_not_heard(code: str) -> None:
    deaf = channel(code, webhook_secret=None)
    assert deaf.subscribe(HERE) is None
    assert not any(deaf.verify(one.raw) for one in samples(code) if one.data["kind"] == "webhook")


@pytest.mark.parametrize("code", TEAMS + BOTS)
@given(st.none() | TEXT, st.none() | TEXT, st.dictionaries(TEXT, TEXT, max_size=2))
def test_a_team_has_the_same_address_whoever_the_customer_is(
    code: str, phone: str | None, email: str | None, ids: dict[str, str]
) -> None:
    assert PROVIDERS[code].address_in(ChannelKind.TEAM, Identities(phone, email, ids)) == TEAM


@pytest.mark.parametrize("code", TEAMS + BOTS)
def test_a_team_orders_no_callbacks(code: str) -> None:
    adapter = channel(code, **({"team_chat_id": "-42"} if code in BOTS else {}))
    assert adapter.subscribe(HERE) is None


@pytest.mark.parametrize("code", TEAMS)
def test_no_refusal_of_a_team_says_anything_of_an_address(code: str) -> None:
    codes = PROVIDERS[code].codes
    assert [word for word, error in codes.items() if error.remember or error.error is Class.RECIPIENT] == []
