"""Conditions that can never be judged are faults, each at its line (P.4)."""

import pytest

from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.source import InvalidPlaybookError
from tests.tasks.support import TINY as GOOD
from tests.tasks.support import VOCABULARY


def faults(source: str) -> list[tuple[int, str]]:
    with pytest.raises(InvalidPlaybookError) as caught:
        parse(source, VOCABULARY)
    return [(fault.line, fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("over: {weight: 5}", "unknown_reference"),
        ("over: {received: 5}", "wrong_limit"),
        ("under: {order_amount: 2d}", "wrong_limit"),
        ("between: {order_amount: [1, 2026-01-01]}", "not_a_range"),
        ("between: {order_amount: [5, 1]}", "not_a_range"),
        ("over: {order_amount: much}", "not_a_limit"),
        ("on_shift: whom", "unknown_reference"),
        ("refused: order_status", "nothing_refused"),
        ("partner_has: money", "unknown_value"),
        ("words: да", "no_contact"),
        ("button: yes", "no_contact"),
        ("words: [да, '?!']", "no_words"),
    ],
)
def test_a_condition_that_can_never_be_judged_is_a_fault_at_its_line(when: str, code: str) -> None:
    asked = GOOD + f"  order_changed:\n    - when: {{{when}}}\n      then:\n        - open: call\n"
    assert faults(asked) == [(28, code)]


@pytest.mark.parametrize(
    ("field", "when", "code"),
    [
        ("text", "over: {weight: 5}", "unknown_reference"),
        ("number", "over: {weight: 2d}", "wrong_limit"),
        ("text", "off_shift: weight", "nobody"),
    ],
)
def test_a_field_is_compared_with_what_fits_its_type(field: str, when: str, code: str) -> None:
    filled = GOOD.replace("result: completed", f"result: completed\n        fields: {{weight: {field}}}")
    asked = filled + f"  order_changed:\n    - when: {{{when}}}\n      then:\n        - open: call\n"
    assert faults(asked) == [(29, code)]


def test_a_field_that_is_named_like_a_fact_is_compared_with_nothing() -> None:
    filled = GOOD.replace("result: completed", "result: completed\n        fields: {order_amount: money}")
    asked = filled + "  order_changed:\n    - when: {over: {order_amount: 5}}\n      then:\n        - open: call\n"
    assert (parse(filled, VOCABULARY).code, faults(asked)) == ("tiny", [(29, "reserved_name")])


def test_only_leads_and_partners_have_a_partner_s_card() -> None:
    of_staff = GOOD.replace("lead_received:", "started:")
    of_staff = of_staff.replace("fallback: call", "fallback: call\nsubject: staff")
    asked = of_staff.replace("    - then:\n", "    - when: {partner_has: site}\n      then:\n")
    assert faults(asked) == [(25, "wrong_subject")]
