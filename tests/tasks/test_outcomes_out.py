"""Outcomes on the wire are made once for each type and language (S1.7)."""

from collections import OrderedDict
from dataclasses import replace

import pytest

from libs.common.platform.http.language import Language
from services.tasks.playbooks.model import TaskType
from services.tasks.tasks import schemas
from services.tasks.tasks.schemas import OutcomeOut, outcomes_out
from tests.tasks.support import SCHOOL


def made(kind: TaskType, language: Language) -> tuple[OutcomeOut, ...]:
    return tuple(OutcomeOut.of(each, kind, SCHOOL, language) for each in kind.outcomes.values())


@pytest.mark.parametrize("language", Language)
def test_each_type_and_language_has_outcomes_of_its_own(language: Language) -> None:
    for kind in SCHOOL.task_types.values():
        assert outcomes_out(kind, SCHOOL, language) == made(kind, language)
        assert outcomes_out(kind, SCHOOL, language) is outcomes_out(kind, SCHOOL, language)


def test_types_that_are_alike_are_told_apart_and_the_oldest_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "_MADE", OrderedDict())
    monkeypatch.setattr(schemas, "_MOST", 2)
    kind = SCHOOL.task_types["process_order"]
    first, *others = (replace(kind, outcomes=dict([each])) for each in kind.outcomes.items())
    before = outcomes_out(first, SCHOOL, Language.RU)
    for other in others:
        assert outcomes_out(other, SCHOOL, Language.RU) == made(other, Language.RU)
    again = outcomes_out(first, SCHOOL, Language.RU)
    assert again == before
    assert again is not before
