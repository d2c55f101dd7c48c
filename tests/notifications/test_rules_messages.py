"""Whether a message can be sent, and its state, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import MessageProgress
from services.notifications.messages.rules import (
    Channel,
    Intent,
    Ready,
    State,
    Stop,
    Stopped,
    advance,
    choose_channel,
    prepare,
)
from services.notifications.templates.rules import Rendered, Version

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PHONE = "79000000001"
MAIN = Channel(UUID(int=1), "whatsapp", "wazzup", PHONE)
SECOND = Channel(UUID(int=2), "whatsapp", "wazzup", PHONE)
TEMPLATE = Version(3, {"ru": "Привет, {name}"})


def intent(name: str | None = "Анна", deadline: datetime | None = None) -> Intent:
    return Intent("hello", "ru", ("whatsapp",), {"name": name}, deadline)


def at(channel: Channel, address: str | None) -> Channel:
    return replace(channel, address=address)


def run(facts: tuple[State, ...]) -> tuple[State, list[MessageProgress]]:
    state = State.PENDING
    published: list[MessageProgress] = []
    for fact in facts:
        state, steps = advance(state, fact, published)
        published.extend(steps)
    return state, published


def test_an_approved_filled_template_is_ready_with_its_version() -> None:
    assert prepare(intent(), TEMPLATE, [MAIN], NOW) == Ready(MAIN, PHONE, Rendered("Привет, Анна", "ru"), 3)


@pytest.mark.parametrize(
    ("given_intent", "template", "channels", "code"),
    [
        (intent(), None, [MAIN], Stop.TEMPLATE_NOT_APPROVED),
        (intent(name=" "), TEMPLATE, [MAIN], Stop.TEMPLATE_UNFILLED),
        (intent(), TEMPLATE, [at(MAIN, None)], Stop.NO_ADDRESS),
        (intent(), TEMPLATE, [], Stop.NO_CHANNEL),
        (intent(deadline=NOW), TEMPLATE, [MAIN], Stop.DEADLINE_PASSED),
    ],
)
def test_a_message_stops_with_its_reason(
    given_intent: Intent, template: Version | None, channels: list[Channel], code: Stop
) -> None:
    stopped = prepare(given_intent, template, channels, NOW)
    assert isinstance(stopped, Stopped)
    assert stopped.code is code


def test_a_deadline_in_the_future_lets_a_message_leave() -> None:
    assert isinstance(prepare(intent(deadline=NOW + timedelta(seconds=1)), TEMPLATE, [MAIN], NOW), Ready)


@pytest.mark.parametrize(
    ("given_intent", "template", "channels", "detail"),
    [
        (intent(deadline=NOW), TEMPLATE, [MAIN], "the deadline was over when the request came"),
        (intent(), None, [MAIN], "hello has no approved version"),
        (intent(), TEMPLATE, [at(MAIN, None)], "the person has no address that can be read"),
        (intent(name=" "), TEMPLATE, [MAIN], "unfilled: name"),
        (replace(intent(), channels=("sms", "max")), TEMPLATE, [MAIN], "the desk has none of: sms, max"),
    ],
)
def test_the_reason_of_a_stop_says_what_to_mend(
    given_intent: Intent, template: Version | None, channels: list[Channel], detail: str
) -> None:
    stopped = prepare(given_intent, template, channels, NOW)
    assert isinstance(stopped, Stopped)
    assert stopped.detail == detail


def test_a_text_is_in_the_language_of_the_request() -> None:
    english = replace(intent(), language="en")
    ready = prepare(english, Version(3, {"ru": "Привет", "en": "Hello, {name}"}), [MAIN], NOW)
    assert isinstance(ready, Ready)
    assert ready.rendered == Rendered("Hello, Анна", "en")


def test_one_person_always_meets_the_same_number() -> None:
    pairs = ([MAIN, SECOND], [SECOND, MAIN])
    assert len({choose_channel(("whatsapp",), pair) for pair in pairs}) == 1


@pytest.mark.parametrize("form", ["{}", "+{}", "RU.{}"])
def test_several_numbers_share_the_people(form: str) -> None:
    addresses = [form.format(number) for number in range(10)]
    chosen = [choose_channel(("whatsapp",), [at(MAIN, one), at(SECOND, one)]) for one in addresses]
    assert {pair[0].channel_id for pair in chosen if pair} == {MAIN.channel_id, SECOND.channel_id}


def test_a_kind_that_the_desk_has_not_is_passed_over() -> None:
    assert choose_channel(("telegram", "whatsapp"), [MAIN]) == (MAIN, PHONE)


def test_a_kind_at_which_the_customer_has_no_address_is_passed_over() -> None:
    sms = Channel(UUID(int=3), "sms", "other", "+79000000001")
    assert choose_channel(("whatsapp", "sms"), [at(MAIN, None), sms]) == (sms, "+79000000001")


def test_a_skipped_step_is_published_with_the_one_that_implies_it() -> None:
    assert run((State.READ,)) == (
        State.READ,
        [MessageProgress.SENT, MessageProgress.DELIVERED, MessageProgress.READ],
    )


def test_what_is_known_already_is_no_news() -> None:
    assert advance(State.SENT, State.SENT, []) == (State.SENT, ())


def test_a_late_lower_step_changes_nothing() -> None:
    assert run((State.DELIVERED, State.SENT)) == (
        State.DELIVERED,
        [MessageProgress.SENT, MessageProgress.DELIVERED],
    )


def test_delivery_after_failure_wins() -> None:
    state, published = run((State.ACCEPTED, State.FAILED, State.DELIVERED))
    assert (state, published) == (
        State.DELIVERED,
        [MessageProgress.SENT, MessageProgress.FAILED, MessageProgress.DELIVERED],
    )


def test_failure_after_delivery_is_history() -> None:
    assert run((State.DELIVERED, State.FAILED))[0] is State.DELIVERED


def test_an_unknown_message_follows_what_the_provider_says_later() -> None:
    assert run((State.UNKNOWN, State.ACCEPTED, State.DELIVERED))[0] is State.DELIVERED


def test_a_message_fails_publicly_once_even_when_it_was_unknown_before() -> None:
    assert run((State.UNKNOWN, State.FAILED)) == (State.FAILED, [MessageProgress.FAILED])


@given(st.sets(st.sampled_from(list(State)), min_size=1, max_size=5))
def test_the_order_of_facts_does_not_change_where_a_message_ends(facts: set[State]) -> None:
    assert len({run(order)[0] for order in permutations(facts)}) == 1


@given(st.lists(st.sampled_from(list(State)), max_size=20))
def test_no_step_is_published_twice_and_sent_comes_before_delivered(facts: list[State]) -> None:
    _, published = run(tuple(facts))
    order = [step for step in published if step is not MessageProgress.FAILED]
    assert len(published) == len(set(published))
    assert order == [MessageProgress.SENT, MessageProgress.DELIVERED, MessageProgress.READ][: len(order)]
