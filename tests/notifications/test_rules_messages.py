"""The state of a message and the rung that it is on, in any order of facts, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import MessageProgress
from services.notifications.ladders.rules import Passed, Rung, Stop
from services.notifications.messages.rules import Course, Fact, MessageState, Via, advance
from services.notifications.templates.rules import Rendered

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SENT, DELIVERED, FAILED = MessageProgress.SENT, MessageProgress.DELIVERED, MessageProgress.FAILED
SMS = Rung(2, UUID(int=2), "sms", "other", "+79000000001", Rendered("Заказ", "ru"))
EMAIL = Rung(3, UUID(int=3), "email", "third", "anna@example.org", Rendered("Заказ", "ru"))
REFUSED = Fact(MessageState.FAILED, "BAD_CONTACT", "no such contact")


def course(*ahead: Rung, state: MessageState = MessageState.PENDING, deadline: datetime | None = None) -> Course:
    return Course(state, [], Via(1, "whatsapp", "one"), deadline, ahead)


def learn(one: Course, *facts: tuple[int, Fact], left_out: str | None = None) -> Course:
    for number, fact in facts:
        one.learn(number, fact, lambda _: left_out, NOW)
    return one


def run(facts: tuple[MessageState, ...]) -> tuple[MessageState, list[MessageProgress]]:
    state = MessageState.PENDING
    published: list[MessageProgress] = []
    for fact in facts:
        state, steps = advance(state, fact, published)
        published.extend(steps)
    return state, published


def test_a_skipped_step_is_published_with_the_one_that_implies_it() -> None:
    assert run((MessageState.READ,)) == (
        MessageState.READ,
        [MessageProgress.SENT, MessageProgress.DELIVERED, MessageProgress.READ],
    )


def test_what_is_known_already_is_no_news() -> None:
    assert advance(MessageState.SENT, MessageState.SENT, []) == (MessageState.SENT, ())


def test_a_late_lower_step_changes_nothing() -> None:
    assert run((MessageState.DELIVERED, MessageState.SENT)) == (
        MessageState.DELIVERED,
        [MessageProgress.SENT, MessageProgress.DELIVERED],
    )


def test_delivery_after_failure_wins() -> None:
    state, published = run((MessageState.ACCEPTED, MessageState.FAILED, MessageState.DELIVERED))
    assert (state, published) == (
        MessageState.DELIVERED,
        [MessageProgress.SENT, MessageProgress.FAILED, MessageProgress.DELIVERED],
    )


def test_failure_after_delivery_is_history() -> None:
    assert run((MessageState.DELIVERED, MessageState.FAILED))[0] is MessageState.DELIVERED


def test_an_unknown_message_follows_what_the_provider_says_later() -> None:
    assert run((MessageState.UNKNOWN, MessageState.ACCEPTED, MessageState.DELIVERED))[0] is MessageState.DELIVERED


def test_a_message_fails_publicly_once_even_when_it_was_unknown_before() -> None:
    assert run((MessageState.UNKNOWN, MessageState.FAILED)) == (MessageState.FAILED, [MessageProgress.FAILED])


@given(st.sets(st.sampled_from(list(MessageState)), min_size=1, max_size=5))
def test_the_order_of_facts_does_not_change_where_a_message_ends(facts: set[MessageState]) -> None:
    assert len({run(order)[0] for order in permutations(facts)}) == 1


@given(st.lists(st.sampled_from(list(MessageState)), max_size=20))
def test_no_step_is_published_twice_and_sent_comes_before_delivered(facts: list[MessageState]) -> None:
    _, published = run(tuple(facts))
    order = [step for step in published if step is not MessageProgress.FAILED]
    assert len(published) == len(set(published))
    assert order == [MessageProgress.SENT, MessageProgress.DELIVERED, MessageProgress.READ][: len(order)]


def test_a_message_that_fails_goes_on_by_the_next_rung_and_publishes_nothing() -> None:
    one = learn(course(SMS, EMAIL), (1, REFUSED))
    assert (one.state, one.rung, one.ahead, one.steps) == (MessageState.PENDING, SMS, (EMAIL,), [])
    assert (one.via, one.passed) == (Via(2, "sms", "other"), (Passed(1, "whatsapp", "one", "BAD_CONTACT"),))


def test_each_rung_says_that_it_was_sent() -> None:
    one = learn(course(SMS), (1, Fact(MessageState.ACCEPTED)), (1, REFUSED), (2, Fact(MessageState.ACCEPTED)))
    assert one.steps == [(SENT, Via(1, "whatsapp", "one")), (SENT, Via(2, "sms", "other"))]


def test_a_ladder_that_is_exhausted_names_the_reason_of_each_rung() -> None:
    one = learn(course(SMS), (1, REFUSED), (2, Fact(MessageState.FAILED, "21211")))
    assert (one.state, one.code, one.detail) == (
        MessageState.FAILED, Stop.LADDER_EXHAUSTED, "whatsapp: BAD_CONTACT, sms: 21211",
    )  # fmt: skip


def test_a_message_with_one_rung_fails_for_its_own_reason() -> None:
    one = learn(course(), (1, REFUSED))
    assert (one.state, one.code, one.detail) == (MessageState.FAILED, "BAD_CONTACT", "no such contact")


def test_rungs_that_cannot_be_tried_are_passed_over() -> None:
    one = learn(course(SMS, EMAIL), (1, REFUSED), left_out="unreachable")
    assert (one.code, one.detail) == (
        "ladder_exhausted", "whatsapp: BAD_CONTACT, sms: unreachable, email: unreachable",
    )  # fmt: skip


def test_nothing_follows_a_doubt() -> None:
    one = learn(course(SMS), (1, Fact(MessageState.UNKNOWN, "doubtful")), (1, REFUSED))
    assert (one.rung, one.state, [step for step, _ in one.steps]) == (None, MessageState.FAILED, [FAILED])


def test_nothing_follows_after_the_deadline() -> None:
    one = learn(course(SMS, deadline=NOW), (1, REFUSED))
    assert (one.rung, one.code) == (None, "BAD_CONTACT")


def test_a_late_failure_of_a_rung_that_is_over_says_nothing_of_the_next() -> None:
    one = learn(course(SMS), (1, REFUSED), (1, REFUSED), (1, Fact(MessageState.SENT)))
    assert (one.state, one.steps) == (MessageState.PENDING, [])


def test_a_late_arrival_by_a_rung_that_is_over_counts_and_names_its_channel() -> None:
    one = learn(course(SMS), (1, Fact(MessageState.SENT)), (1, REFUSED), (1, Fact(MessageState.DELIVERED)))
    first = Via(1, "whatsapp", "one")
    assert (one.state, one.arrived, one.steps) == (
        MessageState.DELIVERED,
        True,
        [(SENT, first), (DELIVERED, first)],
    )


def test_a_message_that_has_arrived_does_not_fall() -> None:
    one = learn(course(SMS), (1, Fact(MessageState.DELIVERED)), (1, REFUSED))
    assert (one.rung, one.state) == (None, MessageState.DELIVERED)


STORIES = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(list(MessageState))), max_size=25)


@given(STORIES, st.booleans(), st.integers(0, 120))
def test_any_story_tries_each_rung_once_and_ends_publicly_once(
    story: list[tuple[int, MessageState]], barred: bool, minutes: int
) -> None:
    one = course(SMS, EMAIL, deadline=NOW + timedelta(minutes=minutes))
    for number, state in story:
        one.learn(number, Fact(state, str(state)), lambda _: "barred" if barred else None, NOW)
    numbers = [passed.number for passed in one.passed]
    sent = [via.number for step, via in one.steps if step is SENT]
    assert (numbers, sent) == (sorted(set(numbers)), sorted(set(sent)))
    assert [step for step, _ in one.steps].count(FAILED) <= 1
    assert one.state is not MessageState.PENDING or not any(step is FAILED for step, _ in one.steps)


@given(STORIES)
def test_no_message_is_begun_once_one_has_arrived_or_is_in_doubt(story: list[tuple[int, MessageState]]) -> None:
    one = course(SMS, EMAIL)
    for number, state in story:
        over = one.state in (MessageState.UNKNOWN, MessageState.DELIVERED, MessageState.READ, MessageState.FAILED)
        before = one.via
        one.learn(number, Fact(state, str(state)), lambda _: None, NOW)
        assert not over or one.via == before


def test_a_withdrawn_message_falls_no_further() -> None:
    one = course(SMS)
    one.withdrawn = True
    learn(one, (1, REFUSED))
    assert (one.rung, one.code, one.detail) == (None, Stop.WITHDRAWN, "whatsapp: BAD_CONTACT")


def test_a_withdrawn_message_that_had_left_by_its_last_rung_says_what_happened() -> None:
    one = learn(course(SMS), (1, REFUSED), (2, Fact(MessageState.ACCEPTED)))
    one.withdrawn = True
    learn(one, (2, Fact(MessageState.FAILED, "21211")))
    assert (one.code, one.detail) == (Stop.LADDER_EXHAUSTED, "whatsapp: BAD_CONTACT, sms: 21211")


FACTS = st.tuples(st.integers(1, 3), st.sampled_from([Fact(state, "code") for state in MessageState]))


@given(st.lists(FACTS, max_size=8))
def test_whatever_becomes_known_of_a_withdrawn_message_starts_no_other(facts: list[tuple[int, Fact]]) -> None:
    one = course(SMS, EMAIL)
    one.withdrawn = True
    learn(one, *facts)
    assert (one.rung, one.via.number) == (None, 1)
