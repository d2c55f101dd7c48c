"""Codes have one pattern: a code that one API accepts can be named everywhere else."""

import json
from contextlib import suppress

import pytest
from pydantic import BaseModel, ValidationError, create_model

from libs.common.domain.code import is_code
from services.assignment.operators.schemas import SeatIn
from services.assignment.pools.schemas import PoolIn
from services.intake.sources.schemas import SourceIn
from services.notifications.channels.schemas import CreateChannel
from services.notifications.templates.schemas import ProposeTemplate
from services.tasks.desks.schemas import DeskIn
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.schemas import ActivationIn
from services.tasks.playbooks.source import InvalidPlaybookError
from services.tasks.playbooks.vocabulary import VOCABULARY

CODES = ["a", "1", "sales", "sales-1", "sales_1", "v1.2", "_own", "0-", "x" * 64, "x" * 255]
OTHERS = ["", "Sales", "-sales", ".sales", "sales 1", "sales/1", "продажи", "sales\n", "sales!", "x" * 256]
FIELDS = [
    (SourceIn, "code"), (SourceIn, "desk"), (SourceIn, "playbook"), (DeskIn, "code"), (ActivationIn, "desk"),
    (PoolIn, "code"), (PoolIn, "desk"), (PoolIn, "role"), (SeatIn, "code"), (SeatIn, "desk"),
    (CreateChannel, "code"), (CreateChannel, "desk"), (ProposeTemplate, "code"), (ProposeTemplate, "desk"),
]  # fmt: skip


def taken(model: type[BaseModel], field: str) -> list[str]:
    """Return the words that a field takes."""
    info = model.model_fields[field]
    assert info.annotation is not None
    alone, found = create_model("Alone", word=(info.annotation, info)), []
    for word in (*CODES, *OTHERS):
        with suppress(ValidationError):
            alone.model_validate({"word": word})
            found.append(word)
    return found


def reads(word: str) -> bool:
    """Return whether a playbook may use the word, as a code and as the code of what it declares."""
    text = f"{{playbook: {json.dumps(word)}, problems: {{{json.dumps(word)}: {{ru: а, en: a}}}}}}"
    with pytest.raises(InvalidPlaybookError) as caught:  # the rest of it is missing
        parse(text, VOCABULARY)
    return not [fault for fault in caught.value.faults if fault.code in ("bad_code", "not_a_word")]


@pytest.mark.parametrize(("model", "field"), FIELDS)
def test_each_api_takes_every_code_and_nothing_else(model: type[BaseModel], field: str) -> None:
    assert taken(model, field) == CODES


@pytest.mark.parametrize("word", [*CODES, *OTHERS])
def test_a_playbook_names_what_the_apis_take_and_nothing_else(word: str) -> None:
    assert reads(word) == is_code(word) == (word in CODES)
