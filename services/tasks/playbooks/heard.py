"""Checks of what a playbook hears: nothing is listened for, asked about or counted from that never comes."""

from collections.abc import Iterator

from libs.common.contracts.shared import SubjectKind
from services.tasks.playbooks.asks import AskAppointment, AskCustomer, AskOrder, Pin
from services.tasks.playbooks.dealings import Dealing
from services.tasks.playbooks.faults import Finding
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import ABOUT, Anchor, Trigger
from services.tasks.playbooks.walk import all_steps, conditions, moments, walk


def heard_faults(playbook: Playbook) -> Iterator[Finding]:
    """Yield every fault of what a playbook hears."""
    yield from _misheard(playbook)
    yield from _never_refused(playbook)
    yield from _never_planned(playbook)
    yield from _never_recorded(playbook)


def _misheard(playbook: Playbook) -> Iterator[Finding]:
    """Yield rules for events of other subjects that are not listened for, and what is listened for in vain."""
    for trigger in playbook.triggers:
        if playbook.subject not in ABOUT.get(trigger, {playbook.subject}) and trigger not in playbook.listens:
            detail = f"{trigger} is no event of a {playbook.subject}: name it in 'listens'"
            yield Finding(f"/on/{trigger}", "not_listened", detail)
    for trigger in sorted(playbook.listens):
        if ABOUT.get(trigger, frozenset()) <= {playbook.subject}:
            yield Finding("/listens", "own_event", f"{trigger} is heard without being listened for")
        elif playbook.subject not in (SubjectKind.LEAD, SubjectKind.CUSTOMER) or (
            trigger in (Trigger.PARTNER_CHANGED, Trigger.SHIFT_STARTED)
        ):
            detail = f"no event of another subject says which {playbook.subject} it concerns"
            yield Finding("/listens", "never_heard", detail)
        elif trigger not in playbook.triggers:
            yield Finding("/listens", "no_rule", f"{trigger} is listened for, and there is no 'on.{trigger}'")


def _never_refused(playbook: Playbook) -> Iterator[Finding]:
    """Yield rules for a refusal in a playbook that asks for no change."""
    steps = (step for _, found in all_steps(playbook) for step in walk(found))
    asks = any(isinstance(step, AskOrder | AskCustomer | Pin | AskAppointment | Dealing) for step in steps)
    if Trigger.CHANGE_REFUSED in playbook.triggers and not asks:
        yield Finding(f"/on/{Trigger.CHANGE_REFUSED}", "never_refused", "no step asks intake for a change")


def _never_planned(playbook: Playbook) -> Iterator[Finding]:
    """Yield moments and conditions of an appointment in a playbook that neither plans one nor hears of any."""
    steps = (step for _, found in all_steps(playbook) for step in walk(found))
    plans = any(isinstance(step, AskAppointment) and step.at is not None for step in steps)
    if plans or Trigger.APPOINTMENT_CHANGED in playbook.triggers:
        return
    for path, moment in moments(playbook):
        if moment.anchor is Anchor.APPOINTMENT:
            yield Finding(path, "never_planned", "no step plans an appointment, and no rule hears of one")
    for path, condition in conditions(playbook):
        if condition.appointment or condition.by or condition.warned is not None:
            yield Finding(path, "never_planned", "no step plans an appointment, and no rule hears of one")


def _never_recorded(playbook: Playbook) -> Iterator[Finding]:
    """Yield conditions on a contact where no contact is in hand; a person's message that failed is one."""
    recorded, failed = (f"/on/{trigger}/" for trigger in (Trigger.CONTACT_RECORDED, Trigger.MESSAGE_FAILED))
    for path, condition in conditions(playbook):
        said = condition.button or condition.words or condition.stop is not None
        if said and not path.startswith(recorded):
            names = "'button', 'words' and 'stop'"
            yield Finding(path, "no_contact", f"{names} belong to a rule of on.{Trigger.CONTACT_RECORDED}")
        elif (condition.contact or condition.direction) and not path.startswith((recorded, failed)):
            where = f"on.{Trigger.CONTACT_RECORDED} or on.{Trigger.MESSAGE_FAILED}"
            yield Finding(path, "no_contact", f"'contact' and 'direction' belong to a rule of {where}")
