"""Whether a playbook calls a buyer back whose call nobody took, and leaves the sale as it is (S2.10, S4.16)."""

from dataclasses import dataclass, replace

from libs.common.contracts.shared import ContactKind, Direction, Signal, Stage, SubjectKind
from services.tasks.playbooks.asks import Wake
from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.reach import statuses_after
from services.tasks.playbooks.terms import Phase, Trigger
from services.tasks.playbooks.verbs import Choose, Close, End, Open, Rule, Steps
from services.tasks.playbooks.walk import rule_steps, walk

#: A trial's number is no buyer's.
_TEST = {str(Signal.TEST_NUMBER)}


def returns_calls(playbook: Playbook) -> bool:
    """Return whether a missed call of any won lead certainly has a task, and no call of one undoes the sale.

    Where that is not certain intake opens a lead for the call: neither call nor sale may be lost. What becomes of a
    task that is overdue is not looked at.
    """
    won = [status.code for status in playbook.statuses.values() if status.stage is Stage.WON]
    of_leads = playbook.subject is SubjectKind.LEAD and bool(won)
    kinds = (ContactKind.MISSED, ContactKind.CALL_IN)
    calls = (Call(kind, code, phase) for kind in kinds for code in won for phase in (Phase.LIVE, Phase.ENDED))
    return of_leads and all(_kept_whole(playbook, call) for call in calls)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the customer of a won lead: its status, and whether its process is over."""

    kind: ContactKind
    status: str
    phase: Phase


def _kept_whole(playbook: Playbook, call: Call) -> bool:
    """Return whether the sale stands whichever rule hears the call; a missed one is certainly heard."""
    for rule in playbook.triggers.get(Trigger.CONTACT_RECORDED, ()):
        if call.phase not in rule.phase.covers:
            continue
        holds = _holds(rule.when, call)
        if holds is not False and not _kept(playbook, call, rule.then, rule.when):
            return False
        if holds is True:
            return True
        if rule.otherwise is not None:
            return _kept(playbook, call, rule.otherwise, None)
    return call.kind is not ContactKind.MISSED


def _holds(when: Condition | None, call: Call) -> bool | None:
    """Return whether the condition holds of the call; None: it depends."""
    if when is None:
        return True
    of_others = bool(when.contact) and call.kind not in when.contact
    of_messages = bool(when.words or when.button or when.stop) or when.direction == {Direction.OUT}
    of_trials = bool(when.signals) and set(when.signals) <= _TEST
    ended = call.phase is Phase.ENDED and bool(when.open)
    if of_others or of_messages or of_trials or ended or (when.status and call.status not in when.status):
        return False
    return True if replace(when, contact=frozenset(), status=()) == Condition() else None


def _kept(playbook: Playbook, call: Call, steps: Steps, when: Condition | None) -> bool:
    """Return whether nothing that the steps lead to undoes the sale, and a missed call certainly has a task.

    `when`: the condition under which they run.
    """
    after = (playbook.statuses[code].stage for code in statuses_after(playbook, steps))
    if any(stage is not Stage.WON for stage in after):
        return False
    closed = any(isinstance(step, Close | End) for step in walk(steps))
    heard = not closed and _heard(steps, _open(when), _called_in(playbook))
    return heard or call.kind is not ContactKind.MISSED


def _heard(steps: Steps, open_: frozenset[str], called_in: frozenset[str]) -> bool:
    """Return whether the steps certainly leave a task by which a missed call is called back.

    `open_`: one of these types is open before, `called_in`: of these a missed call opens one.
    """
    woken = {kind for step in steps if isinstance(step, Wake) for kind in step.types}
    if open_ and open_ <= called_in | woken:
        return True
    return any(
        isinstance(step, Open) or (isinstance(step, Choose) and _heard_by_each(step.rules, open_, called_in))
        for step in steps
    )


def _heard_by_each(rules: tuple[Rule, ...], open_: frozenset[str], called_in: frozenset[str]) -> bool:
    """As `_heard`, of rules of which one certainly runs."""
    branches = [(rule.then, _open(rule.when) or open_) for rule in rules]
    branches += [(rule.otherwise, open_) for rule in rules if rule.otherwise is not None]
    runs = any(rule.is_final and rule.phase is Phase.ANY for rule in rules)
    return runs and all(_heard(steps, each, called_in) for steps, each in branches)


def _open(when: Condition | None) -> frozenset[str]:
    return frozenset(when.open) if when else frozenset()


def _called_in(playbook: Playbook) -> frozenset[str]:
    """Return the types of which the rules of missed calls open tasks: any other open task is of something else."""
    rules = playbook.triggers.get(Trigger.CONTACT_RECORDED, ())
    of_missed = [rule for rule in rules if rule.when and ContactKind.MISSED in rule.when.contact]
    return frozenset(step.type for step in walk(rule_steps(tuple(of_missed))) if isinstance(step, Open))
