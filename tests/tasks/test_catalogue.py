"""Every step of a timeline has titles, and shows no personal data."""

import json
from string import Formatter

import pytest

from libs.common.contracts import REGISTRY, export
from libs.common.contracts.shared import Customer
from services.tasks.timeline.catalogue import EVENTS, TITLES, Row
from services.tasks.timeline.convert import facts_of

TYPES = sorted(REGISTRY)


def row(event_type: str) -> Row:
    return EVENTS[REGISTRY[event_type]]


def test_the_catalogue_has_a_row_for_every_published_type_and_no_other() -> None:
    assert set(EVENTS) == set(REGISTRY.values())


@pytest.mark.parametrize("event_type", TYPES)
def test_what_may_be_shown_of_an_event_is_a_field_of_it(event_type: str) -> None:
    assert set(row(event_type).facts) <= set(REGISTRY[event_type].model_fields)


@pytest.mark.parametrize("event_type", TYPES)
def test_a_title_of_an_event_takes_nothing_but_what_may_be_shown(event_type: str) -> None:
    title = row(event_type).title
    taken = {name for text in (title.ru, title.en) for _, name, _, _ in Formatter().parse(text) if name}
    assert taken <= set(row(event_type).facts)


@pytest.mark.parametrize("event_type", TYPES)
def test_nothing_of_a_person_is_shown_of_an_event(event_type: str) -> None:
    model = REGISTRY[event_type]
    example = export.example_of(model)
    person = example.get("person")
    personal = [value for value in person.values() if isinstance(value, str)] if isinstance(person, dict) else []
    shown = json.dumps(facts_of(model.model_validate(example)), default=str, ensure_ascii=False)
    assert [value for value in personal if value in shown] == []


@pytest.mark.parametrize("event_type", TYPES)
def test_no_field_named_like_personal_data_is_shown_of_an_event(event_type: str) -> None:
    assert {"person", *Customer.model_fields}.isdisjoint(row(event_type).facts)


@pytest.mark.parametrize("kind", sorted(TITLES))
def test_every_title_is_there_in_both_languages(kind: str) -> None:
    assert all((TITLES[kind].ru, TITLES[kind].en))
