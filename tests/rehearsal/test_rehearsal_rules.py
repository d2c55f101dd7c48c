"""What a rehearsal comes to: its lines, and what would not work with its mend."""

from typing import Any

import pytest

from libs.common.domain.eligibility import Refusal
from libs.common.rehearsal.answers import Decided, Rehearsed, Said, Tried, Worked
from libs.common.rehearsal.rules import LASTING, faults_of, lines_of

Json = dict[str, Any]
AT = "2026-03-02T09:00:00Z"
LEAD: Json = {
    "playbook": "callback", "status": "new", "language": "ru", "zone": "Europe/Moscow", "signals": ["uncertain"],
}  # fmt: skip
ORDER: Json = {
    "name": "Анна", "phone": "+79000000001", "email": None, "amount": None, "external_id": None,
    "places": {"phone": "tel"},
}  # fmt: skip
TASK: Json = {
    "title": "Позвонить",
    "pool": "callback",
    "due_at": "2026-03-02T09:05:00Z",
    "offer_from": AT,
    "work": {},
}
PROCESS: Json = {"playbook": "callback", "playbook_version": 2, "status": "new", "ended_at": None, "tasks": [TASK]}
RUNG: Json = {"channel": "sms", "provider": "smsru", "text": "Спасибо", "segments": 1, "code": None}


def tried(**changes: object) -> Tried:
    given = {"disposition": "accepted", "reason": None, "notes": [], "understood": [ORDER], "mends": []}
    return Tried.model_validate({**given, "customer_id": None, "lead": LEAD, "contact": None, **changes})


def decided(*reasons: list[str], **changes: object) -> Decided:
    candidates = [
        {"operator_name": "Вера", "reasons": [{"code": code, "title": code} for code in codes]} for codes in reasons
    ]
    given = {"pool": "callback", "pool_exists": True, "operator_name": None, "candidates": candidates}
    return Decided.model_validate({**given, "reason": {"code": "nobody_eligible", "title": "waits"}, **changes})


def said(**changes: object) -> Said:
    given = {"template": "received", "at": AT, "state": "pending", "code": None, "detail": None, "rungs": [RUNG]}
    return Said.model_validate({**given, **changes})


def rehearsed(**changes: object) -> Rehearsed:
    worked = Worked.model_validate({"at": AT, "processes": [PROCESS], "messages": []})
    return Rehearsed.model_validate(
        {"desk": "demo", "source": "site", "source_id": "7", "tried": tried(), "worked": worked, **changes}
    )


def missing(*, desk: bool, playbook: bool) -> Worked:
    waits = {"playbook": "callback", "desk_exists": desk, "playbook_exists": playbook}
    return Worked.model_validate({"at": AT, "waits_for": waits})


def test_the_lines_say_what_each_service_would_do() -> None:
    found = rehearsed(decided=[decided(["not_on_shift"])], said=[said()])
    assert list(lines_of(found)) == [
        "intake: accepted",
        "  name: Анна",
        "  phone: +79000000001 (from tel)",
        "  customer: new",
        "  lead: playbook callback, ru, Europe/Moscow, signals uncertain",
        "tasks: callback, version 2, status new",
        "  task: Позвонить, pool callback, due 2026-03-02 12:05 Europe/Moscow, an operator is asked for now",
        "assignment: callback: no operator (waits)",
        "  not Вера: not_on_shift",
        "notifications: received, at 2026-03-02 12:00 Europe/Moscow",
        "  sms by smsru, 1 SMS: Спасибо",
    ]


def test_a_rehearsal_in_which_all_works_has_no_fault() -> None:
    assert list(faults_of(rehearsed(decided=[decided(["paused"])], said=[said()]))) == []


@pytest.mark.parametrize(("changes", "mend"), [
    ({"worked": missing(desk=False, playbook=False)}, "no desk demo"),
    ({"worked": missing(desk=True, playbook=False)}, "no playbook callback"),
    ({"worked": missing(desk=True, playbook=True)}, "POST /tasks/v1/playbooks/callback/activate"),
    ({"decided": [decided(pool_exists=False)]}, "no pool callback"),
    ({"decided": [decided()]}, "no operators"),
    ({"decided": [decided(["wrong_role"], ["paused", "product_unknown"])]}, "can ever take it"),
    ({"said": [said(state="failed", code="template_not_approved", rungs=[])]}, "received/versions/…/approve"),
    ({"said": [said(state="failed", code="no_channel", detail="none of: sms", rungs=[])]}, "none of: sms"),
    ({"said": [said(state="failed", code="template_unfilled", detail="unfilled: x", rungs=[])]}, "unfilled: x"),
    ({"said": [said(state="failed", code="text_too_long", rungs=[])]}, "text_too_long"),
    ({"said": [said(rungs=[{**RUNG, "code": "channel_halted"}])]}, "is halted"),
    ({"said": [said(rungs=[{**RUNG, "code": "window_closed"}])]}, "registered template"),
    ({"tried": tried(disposition="quarantined", reason="bad_json", lead=None), "worked": None}, "bad_json"),
])  # fmt: skip
def test_what_would_not_work_has_its_mend(changes: Json, mend: str) -> None:
    [fault] = faults_of(rehearsed(**changes))
    assert mend in fault


def test_a_request_that_is_not_understood_has_the_change_of_its_source() -> None:
    mend = {"text": {"ru": "р", "en": "add it"}, "patch": {"config": {"field_map": {"phone": "tel"}}}}
    asked = tried(disposition="quarantined", reason="no_contact", lead=None, mends=[mend])
    [fault] = faults_of(rehearsed(tried=asked, worked=None))
    assert fault == 'intake: add it PATCH /intake/v1/sources/7 {"config":{"field_map":{"phone":"tel"}}}'


@pytest.mark.parametrize("code", ["no_address", "opted_out", "unreachable"])
def test_what_is_so_of_the_person_alone_is_no_fault_of_the_desk(code: str) -> None:
    assert list(faults_of(rehearsed(said=[said(state="failed", code=code, rungs=[])]))) == []


@pytest.mark.parametrize("refusal", sorted(set(Refusal) - LASTING))
def test_who_cannot_take_it_now_may_later(refusal: Refusal) -> None:
    assert list(faults_of(rehearsed(decided=[decided(["wrong_desk"], [refusal.value])]))) == []


def test_one_channel_of_several_is_enough() -> None:
    rungs = [{**RUNG, "code": "channel_halted"}, RUNG]
    assert list(faults_of(rehearsed(said=[said(rungs=rungs)]))) == []
