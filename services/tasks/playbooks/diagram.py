"""A playbook as cards and arrows: triggers, timers and task types, and where each way out leads (P.4).

`mermaid` writes them as a Mermaid flowchart, `svg.py` as a picture of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from services.tasks.playbooks.asks import AskOrder, Neutral
from services.tasks.playbooks.model import Playbook, TaskType
from services.tasks.playbooks.terms import Result
from services.tasks.playbooks.verbs import (
    ChangeOwner,
    Choose,
    Close,
    Defer,
    End,
    Note,
    Offer,
    Open,
    RetryAttempt,
    Rule,
    SendMessage,
    Start,
    StartTimer,
    Status,
    Step,
    Steps,
    StopTimer,
)
from services.tasks.playbooks.walk import walk


class Shape(StrEnum):
    """What a card stands for."""

    TRIGGER = "trigger"
    TIMER = "timer"
    TASK = "task"
    END = "end"


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a card: a rule or an outcome, what it does in a few words, and the cards it leads to."""

    label: str
    targets: tuple[str, ...]
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A trigger, a timer, a task type or the end; `id` is a word."""

    id: str
    title: str
    shape: Shape
    ways: tuple[Way, ...] = ()


ENDED = Card("ended", "", Shape.END)
_BRACKETS = {
    Shape.TRIGGER: ("([", "])"),
    Shape.TIMER: ("{{", "}}"),
    Shape.TASK: ('["', '"]'),
    Shape.END: ('((" ', '"))'),
}


def cards(playbook: Playbook, language: str) -> tuple[Card, ...]:
    """Return the cards of a playbook: task types, the end, triggers, timers."""
    return (
        *(_type(playbook, kind, language) for kind in playbook.task_types.values()),
        ENDED,
        *(
            Card(f"on_{trigger}", trigger.replace("_", " "), Shape.TRIGGER, _ways(playbook, rules, language))
            for trigger, rules in playbook.triggers.items()
        ),
        *(
            Card(_timer(timer.code), timer.code, Shape.TIMER, _ways(playbook, timer.rules, language))
            for timer in playbook.timers.values()
        ),
    )


def diagram(playbook: Playbook, language: str) -> str:
    """Return the Mermaid source."""
    found = cards(playbook, language)
    lines = [_box(card) for card in found]
    lines += [line for card in found for way in card.ways for line in _arrows(card, way)]
    return "\n".join(("flowchart TD", *dict.fromkeys(lines))) + "\n"


def _box(card: Card) -> str:
    opens, closes = _BRACKETS[card.shape]
    return f"    {card.id}{opens}{_safe(card.title)}{closes}"


def _arrows(card: Card, way: Way) -> Iterator[str]:
    text = _safe(way.label)
    arrow = f"-->|{text}|" if text else "-->"
    yield from (f"    {card.id} {arrow} {target}" for target in way.targets)


def _type(playbook: Playbook, kind: TaskType, language: str) -> Card:
    ways = (
        Way(
            _label(playbook, outcome.title.of(language), outcome.then, language),
            _distinct(_targets(playbook, outcome.then, kind)),
            outcome.result,
        )
        for outcome in kind.outcomes.values()
    )
    return Card(_node(kind.code), kind.title.of(language), Shape.TASK, tuple(ways))


def _ways(playbook: Playbook, rules: Sequence[Rule], language: str) -> tuple[Way, ...]:
    """Return a way for each branch of the rules."""
    branches = [steps for rule in rules for steps in (rule.then, rule.otherwise or ())]
    ways = [
        Way(_label(playbook, "", steps, language), _distinct(_targets(playbook, steps, None))) for steps in branches
    ]
    return tuple(way for way in ways if way.label or way.targets)


def _distinct(targets: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(targets))


def _node(code: str) -> str:
    """Return the id of a type's card: Mermaid wants a word."""
    return code.replace(".", "__").replace("-", "_")


def _timer(code: str) -> str:
    return f"timer_{_node(code)}"


def _targets(playbook: Playbook, steps: Steps, kind: TaskType | None) -> Iterator[str]:
    """Yield each card to which steps lead; `kind` is the type of the task in hand."""
    for step in walk(steps):
        match step:
            case Open(type=code) | Offer(type=code):
                yield _node(code)
            case Defer() if kind is not None:
                yield _node(kind.successor(step))
            case RetryAttempt(policy=policy) if kind is not None:
                yield _node(kind.code)
                yield from _targets(playbook, playbook.attempts[policy].exhausted, kind)
            case StartTimer(timer=code):
                yield _timer(code)
            case End():
                yield ENDED.id
            case Close() | Status() | SendMessage() | StopTimer() | Start() | ChangeOwner() | Note() | Choose():
                pass
            case Defer() | RetryAttempt() | Neutral():
                pass
            case _:
                assert_never(step)


def _label(playbook: Playbook, label: str, steps: Steps, language: str) -> str:
    words = (_word(playbook, step, language) for step in walk(steps))
    return " · ".join(word for word in (label, *words) if word)


def _word(playbook: Playbook, step: Step, language: str) -> str:
    """Return the word of a step; empty for steps that are arrows or are not drawn."""
    match step:
        case Status(code=code):
            return f"→ {playbook.statuses[code].title.of(language)}"
        case SendMessage(message=message):
            return f"✉ {message}"
        case Offer():
            return "⏩"
        case Start(playbook=code):
            return f"▶ {code}"
        case Open() | Defer() | RetryAttempt() | StartTimer() | End() | Choose():
            return ""
        case AskOrder(status=str(status)):
            return f"order → {status}"
        case Close() | StopTimer() | ChangeOwner() | Note() | Neutral():
            return ""
        case _:
            assert_never(step)


def _safe(text: str) -> str:
    return "".join(character if character not in '"|[]{}()<>#;' else " " for character in text)
