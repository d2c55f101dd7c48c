"""The reference and the JSON Schema of the language: what is committed is what the declarations say (P.4)."""

import json
import re
from collections.abc import Mapping
from typing import Annotated

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.lanes import Lane, Turn
from services.tasks.playbooks.messages import MessageSpec
from services.tasks.playbooks.model import AttemptPolicy, Outcome
from services.tasks.playbooks.reference import DOCUMENT, SCHEMA, json_schema, with_reference
from services.tasks.playbooks.sheets import CallSheet
from services.tasks.playbooks.source import Entries, Items, Log, Node, compose
from services.tasks.playbooks.terms import When
from services.tasks.playbooks.values import CODED as CODED_PARTS
from services.tasks.playbooks.values import given
from services.tasks.playbooks.verbs import VERBS, Rules, Steps
from services.tasks.playbooks.vocabulary import VOCABULARY
from tests.tasks.support import LIBRARY

EXAMPLES = re.findall(r"```yaml (\w+)\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
PARTS: dict[str, TypeAdapter[object]] = {
    "moment": TypeAdapter(When),
    "outcome": TypeAdapter(Outcome),
    "attempts": TypeAdapter(AttemptPolicy),
    "rules": TypeAdapter(Rules),
    "steps": TypeAdapter(Steps),
    "lane": TypeAdapter(Lane),
    "lanes": TypeAdapter(Annotated[Mapping[str, Lane], CODED_PARTS]),
    "call_sheet": TypeAdapter(CallSheet),
    "next": TypeAdapter(tuple[Turn, ...]),
    "message": TypeAdapter(MessageSpec),
}
CODED = {"outcome", "attempts", "lane", "call_sheet", "message"}


@pytest.mark.req("P.4")
@pytest.mark.parametrize(("part", "text"), EXAMPLES)
def test_every_example_is_read(part: str, text: str) -> None:
    log = Log()
    if part == "playbook":
        parse(text, VOCABULARY)
        return
    node = compose(text, log)
    assert node is not None
    coded = given(node, log, code="one") if part in CODED and isinstance(node, Entries) else _below(node)
    assert PARTS[part].validate_python(coded, context=log)
    assert log.faults == []


def test_the_examples_show_every_verb() -> None:
    shown = " ".join(text for part, text in EXAMPLES if part == "steps")
    assert [verb for verb in VERBS if f"- {verb}:" not in shown] == []


def test_the_committed_reference_is_what_the_declarations_say() -> None:
    assert with_reference(DOCUMENT.read_text()) == DOCUMENT.read_text()


def test_the_committed_schema_is_what_the_declarations_say() -> None:
    assert json.loads(SCHEMA.read_text()) == json_schema()
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("code", ["callback", "school"])
def test_shipped_playbooks_fit_the_schema(code: str) -> None:
    document = yaml.safe_load((LIBRARY / f"{code}.yaml").read_text(encoding="utf-8"))
    Draft202012Validator(json_schema()).validate(document)


@pytest.mark.parametrize(("old", "new"), [("mode: push", "mode: shove"), ("due:", "duo:"), ("- then:", "- thn:")])
def test_the_schema_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    tiny = next(text for part, text in EXAMPLES if part == "playbook")
    broken = yaml.safe_load(tiny.replace("\non:", '\n"on":').replace(old, new))
    assert not Draft202012Validator(json_schema()).is_valid(broken)


def _below(node: Node) -> Node:
    """Let a list of rules stand where one may stand."""
    if isinstance(node, Items):
        for index, item in enumerate(node):
            item.path = f"/on/example/{index}"
    return node
