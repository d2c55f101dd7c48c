"""The webhook of a team's chat: its address is the secret, its answers are words, its text wakes nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear, Verdict, judge
from libs.common.connect.exchange import HttpRequest, Reply
from services.notifications.channels.convert import adapter
from services.notifications.providers.registry import CONFIGS
from services.notifications.providers.team_webhook import TeamWebhook
from services.notifications.providers.values import TEAM, Outbound

KEY = "xf9ajqpzr3fj5q6ytu4mnd1cbe"
URL = f"https://chat.example.com/hooks/{KEY}"
CHANNEL = adapter(CONFIGS.validate_python({"provider": "team_webhook", "url": URL}), None)
OUT = Outbound("our-key", None, TEAM, "Заказ 1042")


def answered(status: int, body: str = "", **headers: str) -> Answer:
    return CHANNEL.answer(Reply(status, headers, body.encode()), OUT)


@pytest.mark.parametrize("body", ["ok", "ok\n", " ok"])
def test_the_word_ok_accepts_a_message_under_our_own_key(body: str) -> None:
    assert answered(200, body) == Accepted("our-key")


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, ""), (200, "<html>ok</html>"), (201, "ok"), (302, ""), (500, "rollup_error"), (503, "ok")],
)
def test_anything_that_is_neither_ok_nor_a_refusal_leaves_a_doubt(status: int, body: str) -> None:
    assert answered(status, body) == Unclear(f"http_{status}")


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (400, "invalid_payload", Class.MESSAGE, "invalid_payload"),
        (400, "user_not_found", Class.CONFIGURATION, "user_not_found"),
        (400, "words of another chat", None, "http_400"),
        (401, "", Class.CONFIGURATION, "http_401"),
        (403, "words of another chat", Class.CONFIGURATION, "http_403"),
        (404, "<html>Not found</html>", Class.CONFIGURATION, "http_404"),
        (410, "", Class.CONFIGURATION, "http_410"),
        (413, "", Class.MESSAGE, "http_413"),
        (501, "", Class.CONFIGURATION, "http_501"),
    ],
)
def test_a_refusal_is_known_by_its_word_and_else_by_its_status(
    status: int, body: str, error: Class | None, code: str
) -> None:
    assert answered(status, body) == Refused(error, code)


def test_too_many_calls_wait_as_long_as_the_chat_says() -> None:
    assert answered(429, "rate_limited", **{"retry-after": "30"}) == Refused(
        Class.RETRY_SLOWLY, "http_429", wait=30.0
    )


def test_a_revoked_address_stops_the_channel() -> None:
    outcome = judge(answered(404, "no_service"), doubtful=False, repeats=False, tries=1, jitter=0)
    assert outcome.verdict is Verdict.HALT


@given(st.integers(200, 599), st.text(max_size=60))
def test_an_answer_that_repeats_the_address_leaves_nothing_of_it(status: int, noise: str) -> None:
    bodies = [f"{noise}{URL}", f'{{"id": "{KEY}", "message": "no such hook: {KEY}", "detailed_error": "{URL}"}}']
    assert not [found for body in bodies if KEY in str(found := answered(status, body))]


@pytest.mark.parametrize(
    "url",
    ["http://chat.example.com/hooks/k", "https://chat.example.com", "https://chat.example.com/",
     "chat.example.com/k",
     "https://me:pw@chat.example.com/hooks/k", "https://chat.example.com/hooks/k#x", "https:///hooks/k",
     "https://chat.example.com:x/k", "https://chat.example.com:0/k", "https://[::1/k", "https://чат.рф/hooks/k",
     "https://chat.example.com/hooks/ k", ""],
)  # fmt: skip
def test_what_is_no_address_of_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CONFIGS.validate_python({"provider": "team_webhook", "url": url})
    assert not url or url not in str(refused.value.errors(include_input=False, include_context=False))


@pytest.mark.parametrize(
    "url", [URL, "https://hooks.slack.com/services/T0/B0/x", "https://a.example:8443/hooks/k?v=1"]
)
def test_a_message_goes_to_the_address_as_it_was_given(url: str) -> None:
    request = adapter(CONFIGS.validate_python({"provider": "team_webhook", "url": url}), None).request(OUT)
    assert isinstance(request, HttpRequest)
    assert (request.method, request.url) == ("POST", url)


def test_where_chats_are_played_no_message_goes_to_the_real_one() -> None:
    url = "https://a.example:8443/hooks/k?v=1"
    request = adapter(CONFIGS.validate_python({"provider": "team_webhook", "url": url}), "http://play:1/").request(
        OUT
    )
    assert isinstance(request, HttpRequest)
    assert request.url == "http://play:1/team_webhook/hooks/k?v=1"


def test_neither_a_channel_nor_its_request_shows_the_address() -> None:
    assert KEY not in f"{CHANNEL!r} {CHANNEL.request(OUT)!r} {CHANNEL.sender}"


@given(
    st.text(alphabet=st.sampled_from("@<>!&chanelr all")),
    st.sampled_from(["@all", "@Channel", "@here", "<!channel>"]),
)
def test_no_words_wake_the_whole_team(text: str, alarm: str) -> None:
    request = CHANNEL.request(Outbound("k", None, TEAM, f"{text} {alarm} {text}"))
    assert isinstance(request, HttpRequest)
    assert not [
        word for word in ("@all ", "@channel ", "@here ", "<", ">") if word in request.body.decode().lower()
    ]


def test_a_webhook_is_called_at_most_once_a_second() -> None:
    assert TeamWebhook.limits.rate_5s <= 5
