"""A playbook as a Mermaid flowchart: task types, triggers, and the targets of outcomes (P.4)."""

from collections.abc import Iterator
from typing import assert_never

from services.tasks.playbooks.model import Playbook, TaskType
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
    SendMessage,
    Start,
    StartTimer,
    Status,
    Step,
    Steps,
    StopTimer,
)
from services.tasks.playbooks.walk import rule_steps, walk

_ENDED = "ended"


def diagram(playbook: Playbook, language: str) -> str:
    """Return the Mermaid source."""
    boxes = (f'    {_node(kind.code)}["{_safe(kind.title.of(language))}"]' for kind in playbook.task_types.values())
    lines = ["flowchart TD", *boxes]
    lines.append(f'    {_ENDED}((" "))')
    for trigger, rules in playbook.triggers.items():
        lines.append(f"    on_{trigger}([{trigger.replace('_', ' ')}])")
        for rule in rules:
            for steps in (rule.then, rule.otherwise or ()):
                lines += _edges(playbook, f"on_{trigger}", "", steps, None, language)
    for timer in playbook.timers.values():
        lines.append(f"    timer_{timer.code}{{{{{timer.code}}}}}")
        lines += _edges(playbook, f"timer_{timer.code}", "", rule_steps(timer.rules), None, language)
    for kind in playbook.task_types.values():
        for outcome in kind.outcomes.values():
            label = outcome.title.of(language)
            lines += _edges(playbook, _node(kind.code), label, outcome.then, kind, language)
    return "\n".join(dict.fromkeys(lines)) + "\n"


def _edges(
    playbook: Playbook, source: str, label: str, steps: Steps, kind: TaskType | None, language: str
) -> Iterator[str]:
    """Yield an edge to each type, timer or end that steps lead to; the other steps are its label."""
    text = _label(playbook, label, steps, language)
    arrow = f"    {source} -->|{text}| " if text else f"    {source} --> "
    for target in dict.fromkeys(_targets(playbook, steps, kind)):
        yield arrow + target


def _node(code: str) -> str:
    """Return the node of a type: Mermaid wants words."""
    return code.replace(".", "__").replace("-", "_")


def _targets(playbook: Playbook, steps: Steps, kind: TaskType | None) -> Iterator[str]:
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
                yield f"timer_{code}"
            case End():
                yield _ENDED
            case Close() | Status() | SendMessage() | StopTimer() | Start() | ChangeOwner() | Note() | Choose():
                pass
            case Defer() | RetryAttempt():
                pass
            case _:
                assert_never(step)


def _label(playbook: Playbook, label: str, steps: Steps, language: str) -> str:
    words = (_word(playbook, step, language) for step in walk(steps))
    return _safe(" · ".join(word for word in (label, *words) if word))


def _word(playbook: Playbook, step: Step, language: str) -> str:
    """Return the label of a step; empty for steps that are edges or are not drawn."""
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
        case Close() | StopTimer() | ChangeOwner() | Note():
            return ""
        case _:
            assert_never(step)


def _safe(text: str) -> str:
    return "".join(character if character not in '"|[]{}()<>#;' else " " for character in text)
