"""By which channels a message can leave, and in which order, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.addresses.rules import AddressBook, Known
from services.notifications.ladders.convert import passed_as_json, passed_of, rungs_as_json, rungs_of
from services.notifications.ladders.rules import (
    Channel,
    Intent,
    Passed,
    Ready,
    Rung,
    Stop,
    Stopped,
    choose_channel,
    next_rung,
    prepare,
    rung_deadline,
)
from services.notifications.providers.values import Button, TemplateParts
from services.notifications.templates.rules import Registered, Rendered, Variant, Version

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PHONE = "79000000001"
MAIN = Channel(UUID(int=1), "whatsapp", "wazzup", PHONE)
SECOND = Channel(UUID(int=2), "whatsapp", "wazzup", PHONE)
SMS = Channel(UUID(int=3), "sms", "other", f"+{PHONE}")
TEMPLATE = Version(3, {"ru": "Привет, {name}"})
NOTHING = AddressBook({})
BOTH = ("whatsapp", "sms")
HOUR = timedelta(hours=1)


def intent(name: str | None = "Анна", deadline: datetime | None = None, *channels: str) -> Intent:
    return Intent("hello", "ru", channels or ("whatsapp",), {"name": name}, deadline)


def both() -> Intent:
    return intent("Анна", None, *BOTH)


def at(channel: Channel, address: str | None) -> Channel:
    return replace(channel, address=address)


def rung(number: int, channel: Channel, rendered: Rendered | None = None) -> Rung:
    text = rendered or Rendered("Привет, Анна", "ru")
    return Rung(number, channel.channel_id, channel.kind, channel.provider, channel.address or "", text)


def test_an_approved_filled_template_is_ready_with_its_version() -> None:
    assert prepare(intent(), TEMPLATE, [MAIN], NOTHING, NOW) == Ready((rung(1, MAIN),), 3)


def test_the_rungs_are_the_channels_in_the_order_of_the_playbook() -> None:
    first = prepare(both(), TEMPLATE, [SMS, MAIN], NOTHING, NOW)
    turned = prepare(intent("Анна", None, "sms", "whatsapp"), TEMPLATE, [SMS, MAIN], NOTHING, NOW)
    assert first == Ready((rung(1, MAIN), rung(2, SMS)), 3)
    assert turned == Ready((rung(1, SMS), rung(2, MAIN)), 3)


@pytest.mark.parametrize(
    ("given_intent", "template", "channels", "code", "detail"),
    [
        (intent(deadline=NOW), TEMPLATE, [MAIN], "deadline_passed", "the deadline was over when the request came"),
        (intent(), None, [MAIN], "template_not_approved", "hello has no approved version"),
        (intent(), TEMPLATE, [at(MAIN, None)], "no_address", "the person has no address that can be read"),
        (intent(name=" "), TEMPLATE, [MAIN], "template_unfilled", "unfilled: name"),
        (intent("Анна", None, "sms", "max"), TEMPLATE, [MAIN], "no_channel", "the desk has none of: sms, max"),
    ],
)
def test_a_message_stops_with_its_reason_and_what_to_mend(
    given_intent: Intent, template: Version | None, channels: list[Channel], code: str, detail: str
) -> None:
    assert prepare(given_intent, template, channels, NOTHING, NOW) == Stopped(code, detail)


def test_a_deadline_in_the_future_lets_a_message_leave() -> None:
    late = intent(deadline=NOW + timedelta(seconds=1))
    assert isinstance(prepare(late, TEMPLATE, [MAIN], NOTHING, NOW), Ready)


def test_a_text_is_in_the_language_of_the_request() -> None:
    english = replace(intent(), language="en")
    template = Version(3, {"ru": "Привет", "en": "Hello, {name}"})
    ready = prepare(english, template, [MAIN], NOTHING, NOW)
    assert ready == Ready((rung(1, MAIN, Rendered("Hello, Анна", "en")),), 3)


def test_a_rung_has_the_text_of_its_kind_of_channel() -> None:
    template = replace(TEMPLATE, variants={"sms": Variant({"ru": "{name}!"})})
    ready = prepare(both(), template, [MAIN, SMS], NOTHING, NOW)
    assert isinstance(ready, Ready)
    assert [(one.rendered.text, one.segments) for one in ready.rungs] == [("Привет, Анна", None), ("Анна!", 1)]


def test_an_unfilled_placeholder_of_any_rung_stops_the_message() -> None:
    template = replace(TEMPLATE, variants={"sms": Variant({"ru": "{amount}"})})
    assert prepare(both(), template, [MAIN, SMS], NOTHING, NOW) == Stopped("template_unfilled", "unfilled: amount")


def test_a_kind_that_the_desk_has_not_is_passed_over() -> None:
    ready = prepare(intent("Анна", None, "telegram", "whatsapp"), TEMPLATE, [MAIN], NOTHING, NOW)
    assert ready == Ready((rung(2, MAIN),), 3)


def test_a_kind_at_which_the_customer_has_no_address_is_passed_over() -> None:
    ready = prepare(both(), TEMPLATE, [at(MAIN, None), SMS], NOTHING, NOW)
    assert ready == Ready((rung(2, SMS),), 3)


UNREACHABLE = {("whatsapp", PHONE): Known(NOW + HOUR)}
OPTED_OUT = {("sms", PHONE): Known(opted_out=True)}


def test_an_address_that_is_unreachable_is_left_out_until_its_time_is_over() -> None:
    ready = prepare(both(), TEMPLATE, [MAIN, SMS], AddressBook(UNREACHABLE), NOW)
    later = prepare(both(), TEMPLATE, [MAIN, SMS], AddressBook(UNREACHABLE), NOW + HOUR)
    assert ready == Ready((rung(2, SMS),), 3, (Passed(1, "whatsapp", "wazzup", "unreachable"),))
    assert later == Ready((rung(1, MAIN), rung(2, SMS)), 3)


def test_a_message_whose_only_address_is_barred_says_why() -> None:
    stopped = prepare(intent(), TEMPLATE, [MAIN], AddressBook(UNREACHABLE), NOW)
    assert isinstance(stopped, Stopped)
    assert stopped.code == "unreachable"


def test_an_opt_out_by_one_kind_of_channel_holds_for_all() -> None:
    stopped = prepare(both(), TEMPLATE, [MAIN, SMS], AddressBook(OPTED_OUT), NOW)
    assert isinstance(stopped, Stopped)
    assert (stopped.code, stopped.detail) == ("ladder_exhausted", "whatsapp: opted_out, sms: opted_out")


@pytest.mark.parametrize("kind", ["telegram", "max"])
def test_the_same_figures_at_a_messenger_that_numbers_its_users_are_another_customer(kind: str) -> None:
    bot = replace(MAIN, kind=kind)
    book = AddressBook({(kind, PHONE): Known(opted_out=True)})
    assert prepare(both(), TEMPLATE, [MAIN, SMS], book, NOW) == Ready((rung(1, MAIN), rung(2, SMS)), 3)
    assert isinstance(prepare(intent("Анна", None, kind), TEMPLATE, [bot], book, NOW), Stopped)
    assert isinstance(prepare(intent("Анна", None, kind), TEMPLATE, [bot], AddressBook(OPTED_OUT), NOW), Ready)


@pytest.mark.parametrize(("kind", "channel"), [("whatsapp", MAIN), ("sms", SMS)])
@pytest.mark.parametrize("marketing", [True, False])
def test_who_wants_no_advertisements_gets_none_by_any_channel(kind: str, channel: Channel, marketing: bool) -> None:
    book = AddressBook({("whatsapp", PHONE): Known(opted_out_of_marketing=True)})
    registered = Registered("hello", {"ru": "ru"}, marketing=marketing)
    template = replace(TEMPLATE, variants={"whatsapp": Variant(registered=registered)})
    stopped = prepare(intent("Анна", None, kind), template, [channel], book, NOW)
    assert isinstance(stopped, Stopped) is marketing


def test_a_text_that_is_too_long_for_a_channel_goes_by_the_next() -> None:
    short = replace(MAIN, text=11)
    ready = prepare(both(), TEMPLATE, [short, SMS], NOTHING, NOW)
    assert ready == Ready((rung(2, SMS),), 3, (Passed(1, "whatsapp", "wazzup", "text_too_long"),))
    assert isinstance(prepare(intent(), TEMPLATE, [replace(MAIN, text=12)], NOTHING, NOW), Ready)


def test_a_channel_that_waits_for_a_person_is_left_out_while_there_is_another() -> None:
    halted = replace(MAIN, halted=True)
    ready = prepare(both(), TEMPLATE, [halted, SMS], NOTHING, NOW)
    assert ready == Ready((rung(2, SMS),), 3, (Passed(1, "whatsapp", "wazzup", "channel_halted"),))


def test_a_message_waits_for_the_person_when_all_channels_do() -> None:
    halted = [replace(MAIN, halted=True), replace(SMS, halted=True)]
    assert prepare(both(), TEMPLATE, halted, NOTHING, NOW) == Ready((rung(1, MAIN), rung(2, SMS)), 3)


def test_one_person_always_meets_the_same_number() -> None:
    pairs = ([MAIN, SECOND], [SECOND, MAIN])
    assert len({choose_channel("whatsapp", pair) for pair in pairs}) == 1


def test_a_number_that_sends_is_preferred_to_one_that_does_not() -> None:
    chosen = {choose_channel("whatsapp", [replace(MAIN, halted=True), at(SECOND, f"{n}")]) for n in range(10)}
    assert {one.channel_id for one in chosen if one} == {SECOND.channel_id}


@pytest.mark.parametrize("form", ["{}", "+{}", "RU.{}"])
def test_several_numbers_share_the_people(form: str) -> None:
    addresses = [form.format(number) for number in range(10)]
    chosen = [choose_channel("whatsapp", [at(MAIN, one), at(SECOND, one)]) for one in addresses]
    assert {one.channel_id for one in chosen if one} == {MAIN.channel_id, SECOND.channel_id}


def test_the_next_rung_is_the_first_that_can_be_tried() -> None:
    rungs = [rung(2, SMS), rung(3, MAIN), rung(4, SECOND)]
    codes = {2: Stop.CHANNEL_HALTED}
    assert next_rung(rungs, lambda one: codes.get(one.number)) == (
        rungs[1], (rungs[2],), (Passed(2, "sms", "other", "channel_halted"),),
    )  # fmt: skip
    assert next_rung([], lambda _: None) == (None, (), ())


@pytest.mark.parametrize(
    ("deadline", "last", "expected"),
    [
        (None, True, None),
        (None, False, NOW + HOUR),
        (NOW + 3 * HOUR, True, NOW + 3 * HOUR),
        (NOW + 3 * HOUR, False, NOW + HOUR),
        (NOW + HOUR, False, NOW + HOUR / 2),
    ],
)
def test_a_rung_leaves_time_to_the_next(deadline: datetime | None, last: bool, expected: datetime | None) -> None:
    assert rung_deadline(deadline, last=last, now=NOW) == expected


@given(st.lists(st.sampled_from([MAIN, SECOND, SMS]), max_size=5), st.booleans())
def test_rungs_are_stored_and_read_unchanged(channels: list[Channel], registered: bool) -> None:
    parts = TemplateParts("hello", "ru", ("Анна",), (Button("url", "1"),)) if registered else None
    rungs = tuple(rung(n, one, Rendered("Привет", "ru", parts)) for n, one in enumerate(channels))
    passed = tuple(one.passed("refused") for one in rungs)
    assert rungs_of(rungs_as_json(rungs)) == rungs
    assert passed_of(passed_as_json(passed)) == passed
