"""Every step of a timeline has titles, and shows no personal data."""

import json
from string import Formatter

from libs.common.contracts import REGISTRY, export
from libs.common.contracts.shared import Customer
from services.tasks.playbooks.terms import Title
from services.tasks.timeline.catalogue import EVENTS, TITLES, Row
from services.tasks.timeline.convert import facts_of

TYPES = sorted(REGISTRY)


def row(event_type: str) -> Row:
    return EVENTS[REGISTRY[event_type]]


def test_the_catalogue_has_a_row_for_every_published_type_and_no_other() -> None:
    assert set(EVENTS) == set(REGISTRY.values())


def test_what_may_be_shown_of_an_event_is_a_field_of_it() -> None:
    assert [name for name in TYPES if not set(row(name).facts) <= set(REGISTRY[name].model_fields)] == []


def taken_by(title: Title) -> set[str]:
    return {name for text in (title.ru, title.en) for _, name, _, _ in Formatter().parse(text) if name}


def test_a_title_of_an_event_takes_nothing_but_what_may_be_shown() -> None:
    assert [name for name in TYPES if not taken_by(row(name).title) <= set(row(name).facts)] == []


def shown_of_the_person(name: str) -> list[str]:
    """Return what stands in an example's `person` and is shown of the event."""
    model = REGISTRY[name]
    example = export.example_of(model)
    person = example.get("person")
    personal = [value for value in person.values() if isinstance(value, str)] if isinstance(person, dict) else []
    shown = json.dumps(facts_of(model.model_validate(example)), default=str, ensure_ascii=False)
    return [value for value in personal if value in shown]


def test_nothing_of_a_person_is_shown_of_an_event() -> None:
    assert {name: found for name in TYPES if (found := shown_of_the_person(name))} == {}


def test_no_field_named_like_personal_data_is_shown_of_an_event() -> None:
    assert [name for name in TYPES if {"person", *Customer.model_fields} & set(row(name).facts)] == []


def test_every_title_is_there_in_both_languages() -> None:
    assert [kind for kind, title in TITLES.items() if not (title.ru and title.en)] == []
