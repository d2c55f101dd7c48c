"""A playbook says whether it calls a buyer back and leaves the sale alone: intake goes by it (S2.10, S4.16)."""

import pytest

from libs.common.contracts.desks import PlaybookActivatedV2
from services.tasks.playbooks.actions import announce
from services.tasks.playbooks.buyers import returns_calls
from services.tasks.playbooks.grammar import parse
from tests.tasks.desk import Desk
from tests.tasks.support import LIBRARY, VOCABULARY

SCHOOL, CALLBACK = ((LIBRARY / f"{code}.yaml").read_text(encoding="utf-8") for code in ("school", "callback"))
RULE = "- {process: any, when: {contact: missed, status: paid}, then: [open: return_call, wake: return_call]}"
#: As the library had it: any missed call is an order's call again.
ORDER = "- {process: any, when: {contact: missed}, then: [open: process_order]}"
CALLED_IN, OTHERS = (f"{{when: {{open: {kind}}}, then: []}}" for kind in ("return_call", "check_receipt"))
FIRST = "    - {process: any, when: {contact: [call_in, missed], signal: test_number}, then: []}\n"
CALLED = "    requires: {call_made: required}\n    then:\n"
AS_BEFORE = "UPDATE playbook_activation SET announced_whole = NULL"


def changed(old: str, new: str, text: str = SCHOOL) -> str:
    assert old in text
    return text.replace(old, new)


def before_all(rule: str) -> str:
    return changed(FIRST, f"{FIRST}    {rule}\n")


KEPT = {
    "school": SCHOOL,
    "callback": CALLBACK,
    "one that is open": before_all("- {process: any, when: {contact: missed, open: return_call}, then: []}"),
    "one that is open, else a new one": changed(
        "[open: return_call, wake: return_call]", f"[choose: [{CALLED_IN}, {{then: [open: return_call]}}]]"
    ),
    "another that is given out at once": before_all(
        "- {when: {contact: missed, open: follow_up}, then: [wake: follow_up]}"
    ),
    "of whoever is on shift": changed(
        RULE, f"{RULE.replace('status: paid', 'status: paid, on_shift: owner')}\n    {RULE}"
    ),
    "of other statuses": before_all("- {process: any, when: {contact: missed, status: refused}, then: []}"),
    "of messages": before_all("- {process: any, when: {words: пропало}, then: [status: refused]}"),
}
LOST = {
    "sold again": changed(RULE, RULE.replace("status: paid", "status: refused")),
    "sold again at some hours": before_all(ORDER.replace("missed}", "missed, open_hours: true}")),
    "of the live alone": changed(RULE, RULE.replace("process: any, ", "")),
    "heard and left": before_all("- {process: any, when: {contact: missed, status: paid}, then: []}"),
    "heard at some hours": changed(RULE, RULE.replace("status: paid", "status: paid, open_hours: true")),
    "heard by another's task": before_all("- {when: {contact: missed, open: check_receipt}, then: []}"),
    "heard by another's task or its own": before_all(
        "- {when: {contact: missed, open: [check_receipt, return_call]}, then: []}"
    ),
    "heard by another's task within": before_all(
        f"- {{when: {{contact: missed}}, then: [choose: [{OTHERS}, {{then: [open: return_call]}}]]}}"
    ),
    "heard by none of several": before_all(f"- {{when: {{contact: missed}}, then: [choose: [{CALLED_IN}]]}}"),
    "another is given out at once": before_all(
        "- {when: {contact: missed, open: check_receipt}, then: [wake: return_call]}"
    ),
    "ended": changed(RULE, RULE.replace("wake: return_call", "end: true")),
    "undone by the outcome": changed(CALLED, f"{CALLED}      - status: in_work\n"),
    "undone by being taken": changed(CALLED, CALLED).replace(
        "    rank: 30\n    due: 5m\n", "    rank: 30\n    due: 5m\n    on_take: [status: in_work]\n"
    ),
    "undone by the attempts": changed(
        "    delays: [{offer: 30m, due: 45m}", "    each: [status: in_work]\n    delays: [{offer: 30m, due: 45m}"
    ),
    "undone by a call that was taken": before_all(
        "- {process: any, when: {contact: call_in}, then: [status: in_work]}"
    ),
}


@pytest.mark.req("S2.10", "S4.16")
@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_a_playbook_that_calls_every_buyer_back_says_so(text: str) -> None:
    assert returns_calls(parse(text, VOCABULARY)) is True


@pytest.mark.req("S2.10", "S4.16")
@pytest.mark.parametrize("text", LOST.values(), ids=LOST)
def test_a_playbook_that_might_lose_call_or_sale_does_not(text: str) -> None:
    assert returns_calls(parse(text, VOCABULARY)) is False


async def test_what_the_release_before_activated_is_published_with_it_once(desk: Desk) -> None:
    await desk.ctx.db.pool.execute(AS_BEFORE)
    before = len(await desk.sent(PlaybookActivatedV2))
    assert [await announce(desk.ctx) for _ in range(2)] == [2, 0]
    assert [said.returns_calls for said in (await desk.sent(PlaybookActivatedV2))[before:]] == [True, True]
