"""The promises of P.1, checked on facts. Each checker returns what is wrong in words; nothing means held.

`tests/chaos/test_checkers.py` proves each of them with a bug that it must catch.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from tests.harness.facts import Facts

Checker = Callable[[Facts], list[str]]

SETTLED = {"delivered", "read", "unknown", "failed"}


def nothing_accepted_is_lost(facts: Facts) -> list[str]:
    """Accepted = leads = processes."""
    leads, processes = set(facts.leads), Counter(facts.processes)
    wrong = [f"answered lead {lead} is not stored" for lead in set(facts.answered) - leads]
    wrong += [f"lead {lead} has no process" for lead in leads - set(processes)]
    wrong += [f"process of unknown lead {lead}" for lead in set(processes) - leads]
    return wrong + [f"lead {lead} has {count} processes" for lead, count in processes.items() if count > 1]


def every_live_lead_has_a_next_step(facts: Facts) -> list[str]:
    """S2.6: an open task, or a timer that opens one."""
    stepping = {task.lead_id for task in facts.tasks if task.state == "active"} | facts.timers
    return [f"live lead {lead} has no next step" for lead in facts.live - stepping]


def every_open_task_is_owned_or_waits(facts: Facts) -> list[str]:
    """One owner; or, once it was offered, work that waits in assignment. Both sides agree on who."""
    wrong = []
    for task in facts.tasks:
        if task.state == "active" and task.operator_id is None and task.offered and task.work_state != "waiting":
            wrong.append(f"task {task.task_id} has no owner and does not wait ({task.work_state})")
        if task.state != "active" and task.work_state in {"waiting", "offered", "held"}:
            wrong.append(f"task {task.task_id} is {task.state} but its work is {task.work_state}")
    return wrong


def every_intent_is_settled_and_sent_once(facts: Facts) -> list[str]:
    """Intents = delivered + unknown + failed; the provider has none twice, and ours alone."""
    wrong = [f"message {m.message_id} is {m.state}" for m in facts.messages if m.state not in SETTLED]
    wrong += [f"{key} was sent {count} times" for key, count in facts.sent.items() if count > 1]
    known = {key for message in facts.messages for key in message.attempts}
    wrong += [f"{key} was sent but is nobody's attempt" for key in set(facts.sent) - known]
    for message in facts.messages:
        sent = [key for key in message.attempts if key in facts.sent]
        if len(sent) > 1:
            wrong.append(f"message {message.message_id} reached the provider {len(sent)} times")
        if message.state in {"delivered", "read"} and not facts.delivered.intersection(message.attempts):
            wrong.append(f"message {message.message_id} is {message.state} here, not at the provider")
    return wrong


def events_of_a_key_are_in_sequence(facts: Facts) -> list[str]:
    """Per topic and key the sequence ascends by one, once repeats are left out."""
    last: dict[tuple[str, str], int] = {}
    seen: set[str] = set()
    wrong = []
    for event in facts.events:
        if event.event_id in seen:
            continue
        seen.add(event.event_id)
        before = last.get((event.topic, event.key), 0)
        if event.sequence != before + 1:
            wrong.append(f"{event.topic} {event.key}: {event.type} has {event.sequence} after {before}")
        last[event.topic, event.key] = event.sequence
    return wrong


def nothing_is_left_behind(facts: Facts) -> list[str]:
    """Outboxes are empty and nothing is parked."""
    return [f"{count} rows in {table}" for table, count in facts.left.items() if count]


CHECKERS: Sequence[Checker] = (
    nothing_accepted_is_lost,
    every_live_lead_has_a_next_step,
    every_open_task_is_owned_or_waits,
    every_intent_is_settled_and_sent_once,
    events_of_a_key_are_in_sequence,
    nothing_is_left_behind,
)


def violations(facts: Facts) -> list[str]:
    """Return what any checker found, at most twenty lines of it."""
    return [f"{checker.__name__}: {line}" for checker in CHECKERS for line in checker(facts)][:20]
