"""Texts of the first edition of the language: read as they are, and decided on as its own engine did (P.4).

`first_edition/` has texts with histories that the engine of that release recorded: each event, and every effect
that it decided on. What today's engine adds to them is listed here.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from libs.common.contracts.shared import MessageProgress, Stage
from services.tasks.engine import events as ev
from services.tasks.engine.effects import CancelTimer, Effect, SetTimer
from services.tasks.engine.facts import Customer, Order
from services.tasks.engine.settling import ANSWER
from services.tasks.engine.state import Operator, OperatorId, ProcessId, TaskId, Timer, TimerKind
from services.tasks.playbooks.grammar import compiled, parse
from services.tasks.playbooks.model import Playbook
from tests.tasks.support import ORDER_ID, VOCABULARY, EngineProcess, blank, facts

FOLDER = Path("tests/tasks/first_edition")
RECORDED = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
KNOWN = replace(VOCABULARY, channels=frozenset({"whatsapp", "sms"}))
Json = Mapping[str, Any]  # as recorded


def plain(value: object) -> object:
    """Return a value of the engine as it was recorded."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"": type(value).__name__, **{each.name: plain(getattr(value, each.name)) for each in fields(value)}}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int) else str(value)


@pytest.mark.req("P.4")
@pytest.mark.parametrize("name", RECORDED)
def test_a_text_of_the_first_edition_is_read_without_a_fault(name: str) -> None:
    text = RECORDED[name]["text"]
    assert parse(text, KNOWN) == compiled(text)


@pytest.mark.req("P.4")
@pytest.mark.parametrize("name", RECORDED)
def test_it_is_decided_on_as_the_release_of_its_time_did(name: str) -> None:
    playbook = parse(RECORDED[name]["text"], KNOWN)
    for history in RECORDED[name]["histories"]:
        process = _process(playbook, history)
        for step in history["steps"]:
            process.now = datetime.fromisoformat(step["at"])
            found = [plain(effect) for effect in process.on(_event(step["event"])) if not _is_new(effect)]
            assert _like(found, step["effects"]) == step["effects"]


def _is_new(effect: Effect) -> bool:
    """Whether an effect is one that no release of that time had: a request that is repeated when unanswered."""
    match effect:
        case SetTimer(timer=Timer(name=name)) | CancelTimer(name=name):
            return name.startswith(ANSWER)
        case _:
            return False


def _like(found: object, recorded: object) -> object:
    """Return what was found without the members that are new since; facts have another shape today."""
    if isinstance(found, dict) and found.get("") == "Facts":
        return recorded
    if isinstance(found, dict) and isinstance(recorded, dict):
        return {name: _like(value, recorded[name]) for name, value in found.items() if name in recorded}
    if isinstance(found, list) and isinstance(recorded, list) and len(found) == len(recorded):
        return [_like(one, other) for one, other in zip(found, recorded, strict=True)]
    return found


def _process(playbook: Playbook, history: Json) -> EngineProcess:
    known = facts(*history["signals"], order_status=history["order_status"])
    return EngineProcess(playbook, replace(blank(playbook, known), id=ProcessId(UUID(history["process"]))))


def _event(recorded: Json) -> ev.Event:  # noqa: C901 - one flat case per event
    """Return an event as today's engine has it."""
    members = {name: value for name, value in recorded.items() if name}
    match recorded[""]:
        case "LeadReceived":
            return ev.LeadReceived()
        case "LeadUpdated":
            # Without any address no message is requested today.
            return ev.LeadUpdated(Customer(phone="+79990000001"), members["language"], members["zone"])
        case "OrderChanged":
            return ev.OrderChanged(Order(ORDER_ID, "1042", members["to_status"]))
        case "StatusChanged":
            return ev.StatusChanged(members["status"], Stage(members["stage"]), members["by_us"])
        case "StatusRefused":
            return ev.StatusRefused(**members)
        case "Proposed":
            who = _operator(members["operator"])
            return ev.Proposed(UUID(members["task_id"]), members["version"], who, UUID(members["decision_id"]))
        case "Waiting":
            return ev.Waiting(UUID(members["task_id"]))
        case "Taken":
            return ev.Taken(UUID(members["task_id"]), _operator(members["operator"]))
        case "TimerFired":
            return ev.TimerFired(_timer(members["timer"]))
        case "MessageMoved":
            return ev.MessageMoved(MessageProgress(members["step"]), members["purpose"])
        case "OutcomeGiven":
            return _outcome(members)
        case unknown:
            raise AssertionError(unknown)


def _outcome(members: Json) -> ev.OutcomeGiven:
    at, who = members["callback_at"], members["operator"]
    return ev.OutcomeGiven(
        **{
            **members,
            "task_id": UUID(members["task_id"]),
            "operator": _operator(who) if who else None,
            "callback_at": datetime.fromisoformat(at) if at else None,
        }
    )


def _operator(recorded: Json) -> Operator:
    return Operator(OperatorId(UUID(recorded["id"])), recorded["name"])


def _timer(recorded: Json) -> Timer:
    task = recorded["task_id"]
    at = datetime.fromisoformat(recorded["at"])
    return Timer(recorded["name"], TimerKind(recorded["kind"]), at, TaskId(UUID(task)) if task else None)
