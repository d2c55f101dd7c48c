"""The promises of P.1, checked on facts. Each checker returns a line per violation, none when the promise holds.

`tests/chaos` proves each checker with bugs that it must catch, in made-up facts and in those of a real run.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from libs.common.contracts import tasks
from tests.support.facts import JOURNALED, RELAY, Facts, MessageFact, TaskFact
from tests.support.topics import distinct

Checker = Callable[[Facts], list[str]]

REACHED = {"delivered", "read"}
SETTLED = {*REACHED, "unknown", "failed"}
ENDINGS = {event.event_type for event in (tasks.TaskCompleted, tasks.TaskFailed, tasks.TaskDeferred)}


def nothing_accepted_is_lost(facts: Facts) -> list[str]:
    """Answered leads are stored; leads = processes."""
    leads, processes = set(facts.leads), Counter(facts.processes)
    wrong = [f"answered lead {lead} is not stored" for lead in set(facts.answered.leads) - leads]
    wrong += [f"lead {lead} has no process" for lead in leads - set(processes)]
    wrong += [f"process of unknown lead {lead}" for lead in set(processes) - leads]
    return wrong + [f"lead {lead} has {count} processes" for lead, count in processes.items() if count > 1]


def nothing_is_stored_unasked(facts: Facts) -> list[str]:
    """Leads = answered leads. No CHECKER of a shared stack: it needs an answer to every client."""
    return [f"lead {lead} was answered to no client" for lead in set(facts.leads) - set(facts.answered.leads)]


def every_live_lead_has_a_next_step(facts: Facts) -> list[str]:
    """S2.6: an open task."""
    stepping = {task.lead_id for task in facts.tasks if task.state == "active"}
    return [f"live lead {lead} has no next step" for lead in facts.live - stepping]


def every_open_task_is_owned_or_waits(facts: Facts) -> list[str]:
    """One owner; or, once it was offered, work that waits in assignment. Both services agree on the operator."""
    wrong = []
    for task in facts.tasks:
        if (task.work_state, task.worker_id) not in _work_of(task):
            what = f"task {task.task_id} is {task.state}, {task.operator_id} has it"
            wrong.append(f"{what}, but its work is {task.work_state} with {task.worker_id}")
        elif task.state == "active" and not (
            task.operator_id or task.offered or task.will_be_offered or task.mode == "pull"
        ):
            wrong.append(f"task {task.task_id} has no owner and is never offered")
    return wrong


def _work_of(task: TaskFact) -> Collection[tuple[str | None, UUID | None]]:
    """Return the states of the work in assignment that fit a task."""
    if task.state != "active":
        return {(None, None), ("ended", None)}
    if task.operator_id:
        return {("held", task.operator_id)}
    return {("waiting", None)} if task.offered else {(None, None)}


def every_task_ends_once_as_answered(facts: Facts) -> list[str]:
    """A closed task has one ending on the topic, an open one none; an answered outcome is in the rows (P.2)."""
    endings = Counter(event.body["task_id"] for event in distinct(facts.events) if event.type in ENDINGS)
    wrong = [
        f"task {task.task_id} is {task.state} and ended {endings[str(task.task_id)]} times"
        for task in facts.tasks
        if endings[str(task.task_id)] != (task.state != "active")
    ]
    comments = {task.task_id: task.comment for task in facts.tasks}
    return wrong + [
        f"the answered outcome of task {task_id} is not in its row"
        for task_id, comment in facts.answered.outcomes.items()
        if comments.get(task_id) != comment
    ]


def every_message_asked_for_is_an_intent(facts: Facts) -> list[str]:
    """Requested = intents, but for the answers that people write themselves."""
    wanted = tasks.MessageRequested.event_type
    asked = {str(event.body["message_id"]) for event in facts.events if event.type == wanted}
    kept = {str(message.message_id) for message in facts.messages if not message.written}
    wrong = [f"message {message} was asked for and is no intent" for message in asked - kept]
    return wrong + [f"message {message} was not asked for" for message in kept - asked]


def every_intent_is_settled_and_sent_once(facts: Facts) -> list[str]:
    """Intents = delivered + unknown + failed; the provider has each at most once, and no others."""
    wrong = [f"message {m.message_id} is {m.state}" for m in facts.messages if not (m.state in SETTLED or m.rests)]
    wrong += [f"{key} was sent {count} times" for key, count in facts.sent.items() if count > 1]
    known = {key for message in facts.messages for key in message.attempts}
    wrong += [f"{key} was sent but belongs to no attempt" for key in set(facts.sent) - known]
    for message in facts.messages:
        sent = [key for key in message.attempts if key in facts.sent]
        if len(sent) > 1:
            wrong.append(f"message {message.message_id} reached the provider {len(sent)} times")
        if message.provider == RELAY and not _fits_the_relay(message, facts):
            wrong.append(f"mail {message.message_id} is {message.state} here and not so at the relay")
        if message.provider == JOURNALED and (message.state in REACHED) == facts.delivered.isdisjoint(
            message.attempts
        ):
            wrong.append(f"message {message.message_id} is {message.state} here and not so at the provider")
    return wrong


def _fits_the_relay(mail: MessageFact, facts: Facts) -> bool:
    """Return whether a mail ended as the relay says: taken and accepted, or back and failed.

    One whose answer was lost may be either until it is back.
    """
    bounced = not facts.bounced.isdisjoint(mail.attempts)
    taken = not bounced and any(key in facts.sent for key in mail.attempts)
    fits = {"accepted": taken, "failed": not taken, "unknown": not bounced}
    return fits.get(mail.state, not taken and not bounced)


def events_of_a_key_are_in_sequence(facts: Facts) -> list[str]:
    """Per owner and key the sequence ascends by one, once repeats are left out, up to the last one given."""
    last: Counter[tuple[str, str]] = Counter()
    wrong = []
    for event in distinct(facts.events):
        place = (event.owner, event.key)
        if event.sequence != last[place] + 1:
            wrong.append(f"{event.owner} {event.key}: {event.type} has {event.sequence} after {last[place]}")
        last[place] = event.sequence
    return wrong + [
        f"{owner} {key}: the topic ends at {last[owner, key]}, the stream at {facts.streams.get((owner, key))}"
        for owner, key in facts.streams.keys() | last.keys()
        if facts.streams.get((owner, key)) != last[owner, key]
    ]


def nothing_is_left_behind(facts: Facts) -> list[str]:
    """Outboxes are empty and nothing is parked."""
    return [f"{count} rows in {table}" for table, count in facts.left.items() if count]


CHECKERS: Sequence[Checker] = (
    nothing_accepted_is_lost,
    every_live_lead_has_a_next_step,
    every_open_task_is_owned_or_waits,
    every_task_ends_once_as_answered,
    every_message_asked_for_is_an_intent,
    every_intent_is_settled_and_sent_once,
    events_of_a_key_are_in_sequence,
    nothing_is_left_behind,
)


def violations(facts: Facts, checkers: Sequence[Checker] = CHECKERS) -> list[str]:
    """Return the violations that the checkers find, at most five lines of each."""
    return [f"{checker.__name__}: {line}" for checker in checkers for line in checker(facts)[:5]]


def incomplete(facts: Facts, leads: Collection[UUID]) -> list[str]:
    """Return which of these untouched leads has not just one task, one operator and one delivered message."""
    counts = {
        "tasks": Counter(task.lead_id for task in facts.tasks),
        "operators": Counter(task.lead_id for task in facts.tasks if task.operator_id),
        "messages": Counter(message.lead_id for message in facts.messages),
        "delivered messages": Counter(m.lead_id for m in facts.messages if m.state in REACHED),
    }
    return [
        f"lead {lead} has {count[lead]} {what}"
        for what, count in counts.items()
        for lead in leads
        if count[lead] != 1
    ]
