"""Validation of what a playbook asks of intake, hears of appointments and partners, and says to them (P.4)."""

from pathlib import Path

import pytest

from services.tasks.playbooks.diagram import diagram
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.terms import Trigger
from tests.tasks.support import TINY as GOOD
from tests.tasks.support import VOCABULARY
from tests.tasks.test_playbook_faults import CLOSE, faults

SALON = Path("tests/tasks/salon.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("order: done", "order: eaten", "unknown_reference"),
        ("order: done", "order: {}", "nothing_asked"),
        ("order: done", "customer: {}", "nothing_asked"),
        ("{remarks: remarks}", "{remarks: why_not}", "unknown_reference"),
        ("{remarks: remarks}", "{remarks: deposit}", "wrong_type"),
        ("{remarks: remarks}", "{amount: remarks}", "wrong_type"),
        ("{name: customer_name}", "{name: second_phone}", "wrong_type"),
        ("{name: customer_name}", "{phone: customer_name}", "wrong_type"),
        ("{name: customer_name}", "{email: appointment_at}", "wrong_type"),
        ("pin: comment", "pin: service", "wrong_type"),
        ("pin: comment", "pin: situation", "unknown_reference"),
        ("then: [status: new, open: call]", "then: [pin: comment, open: call]", "no_comment"),
        ("appointment: {at: appointment_at}", "appointment: {at: remarks}", "wrong_type"),
        ("appointment: {at: appointment_at}", "appointment: {by: desk}", "one_change"),
        ("appointment: kept", "appointment: planned", "one_change"),
        ("appointment: kept", "appointment: lost", "unknown_value"),
        ("appointment: kept", "appointment: {is: kept, warned: true}", "not_said"),
        ("appointment: kept", "appointment: {is: cancelled, by: nobody}", "unknown_value"),
        ("withdraw: reminder", "withdraw: reminded", "unknown_reference"),
        ("charge: client]", "charge: {charge: client, amount: remarks}]", "wrong_type"),
        ("charge: client]", "charge: {charge: clients}]", "unknown_reference"),
        ("amount: 500, currency: RUB}", "amount: 500, currency: roubles}", "not_a_currency"),
        ("order: done", "document: remarks", "wrong_type"),
        ("move: visit_control", "move: []", "no_types"),
        ("move: visit_control", "move: visit", "unknown_reference"),
        ("wake: [call, remind, visit_control]", "wake: []", "no_types"),
        ("complaint, to: partner", "complaint, to: chief", "unknown_value"),
        ("{appointment: moved}", "{appointment: shifted}", "unknown_value"),
        ("{appointment: moved}", "{contact: call_in}", "no_contact"),
        ("{contact: [call_in, missed]}", "{contact: shouted}", "unknown_value"),
        ("{contact: [call_in, missed]}", "{source: 'A b'}", "bad_code"),
        ("{contact: [call_in, missed]}", "{language: fr}", "unknown_value"),
        ("fallback: call", "fallback: call\nlistens: appointment_changed", "own_event"),
        ("fallback: call", "fallback: call\nlistens: change_refused", "own_event"),
        ("fallback: call", "fallback: call\nlistens: partner_changed", "never_heard"),
        ("fallback: call", "fallback: call\nsubject: partner", "wrong_subject"),
        ("fallback: call", "fallback: call\nsubject: staff", "wrong_subject"),
        ("note: {ru: Изменение не принято, en: A change was refused}", "order: refused", "asks_forever"),
        ("move: [remind, visit_control]", "appointment: {at: appointment_at}", "asks_forever"),
        ("on:\n", "on:\n  lead_updated: [then: [pin: remarks]]\n", "asks_forever"),
        ("on:\n", "on:\n  order_changed: [then: [order: {remarks: remarks}]]\n", "asks_forever"),
    ],
)
def test_a_fault_of_what_is_asked_of_intake_or_heard_is_named(old: str, new: str, code: str) -> None:
    assert old in SALON
    assert code in [found for _, found in faults(SALON.replace(old, new, 1))]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("due: 5m", "due: {from: appointment, after: 1h}", "never_planned"),
        ("    - then:\n", "    - when: {warned: true}\n      then: [open: call]\n    - then:\n", "never_planned"),
        ('"on":\n', '"on":\n  change_refused: [then: [note: {ru: а, en: a}]]\n', "never_refused"),
    ],
)
def test_what_never_comes_is_not_waited_for(old: str, new: str, code: str) -> None:
    assert old in GOOD
    assert code in [found for _, found in faults(GOOD.replace(old, new, 1))]


def test_an_appointment_that_a_rule_hears_of_may_be_counted_from() -> None:
    counted = GOOD.replace("due: 5m", "due: {from: appointment, after: 1h}")
    heard = '"on":\n  appointment_changed: [then: [note: {ru: а, en: a}]]\n'
    assert Trigger.APPOINTMENT_CHANGED in parse(counted.replace('"on":\n', heard), VOCABULARY).triggers


def test_a_choice_that_asks_for_an_open_task_keeps_one_open() -> None:
    kept = "{when: {open: call}, then: [note: {ru: а, en: a}], else: [open: call]}"
    assert parse(GOOD.replace("end: true", f"choose: [{kept}]", 1), VOCABULARY)
    closed = kept.replace("note: {ru: а, en: a}", CLOSE)
    assert "silent_end" in [code for _, code in faults(GOOD.replace("end: true", f"choose: [{closed}]", 1))]


def test_the_diagram_says_which_status_an_order_is_asked_for() -> None:
    assert "order → done" in diagram(parse(SALON, VOCABULARY), "en")


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("open: {type: call, for: consultant}", "wrong_subject"),
        ("charge: client", "wrong_subject"),
        ("document: {title: {ru: а, en: a}}", "one_document"),
    ],
)
def test_who_has_no_partner_has_no_consultant_and_owes_nothing(step: str, code: str) -> None:
    charges = "fallback: call\nsubject: customer\ncharges: {client: {title: {ru: а, en: a}}}"
    of_customer = GOOD.replace("lead_received:", "started:").replace("fallback: call", charges)
    assert code in {found for _, found in faults(of_customer.replace("- open: call", f"- {step}"))}


def test_a_charge_of_a_field_is_in_some_currency() -> None:
    of_field = SALON.replace(", amount: 500, currency: RUB", "")
    of_field = of_field.replace("charge: client]", "charge: {charge: client, amount: deposit}]")
    assert {code for _, code in faults(of_field)} == {"no_currency"}
