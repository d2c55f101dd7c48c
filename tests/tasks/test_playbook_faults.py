"""Validation of playbooks: every fault at once, each with its line (P.4)."""

import re
from datetime import timedelta

import pytest

from libs.common.contracts.shared import SubjectKind
from services.tasks.playbooks.diagram import diagram
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.source import InvalidPlaybookError
from services.tasks.playbooks.terms import NOTHING, OWN, Claim, Holder, Phase, Trigger
from services.tasks.playbooks.vocabulary import VOCABULARY as REAL
from tests.tasks.support import LIBRARY, SCHOOL, VOCABULARY
from tests.tasks.support import TINY as GOOD

IN_WORDS = re.compile(r"[^A-Z].*[a-z]")  # as all of them begin: in lower case, or with what they are about
CLOSE = "close: {result: failed, reason: {ru: а, en: a}}"


def faults(source: str) -> list[tuple[int, str]]:
    """The faults of a playbook by line and code; each tells a person in a few words what is wrong, and where."""
    with pytest.raises(InvalidPlaybookError) as caught:
        parse(source, VOCABULARY)
    found = caught.value.faults
    assert [fault.detail for fault in found if not IN_WORDS.match(fault.detail)] == []
    assert [fault for fault in found if not isinstance(fault.path, str)] == []
    return [(fault.line, fault.code) for fault in found]


def test_the_good_one_is_read() -> None:
    assert list(parse(GOOD, VOCABULARY).task_types) == ["call"]


@pytest.mark.parametrize("code", ["callback", "school"])
def test_shipped_playbooks_are_valid_with_the_real_vocabulary(code: str) -> None:
    assert parse((LIBRARY / f"{code}.yaml").read_text(encoding="utf-8"), REAL).code == code


def test_a_message_may_go_by_a_messenger_s_bot() -> None:
    declared = GOOD + "        - message: a\nmessages: {a: {template: b, channels: [telegram, max, sms]}}\n"
    assert parse(declared, REAL).messages["a"].ways == ("telegram", "max", "sms")


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("due: 5m", "due: soon", 15, "not_a_duration"),
        ("due: 5m", "duo: 5m", 15, "unknown_key"),
        ("mode: push", "mode: shove", 13, "unknown_value"),
        ("fallback: call", "fallback: call\ntimers: {often: {at: 1d, every: 5s, then: []}}", 4, "no_time"),
        (
            "fallback: call",
            "fallback: call\nmessages: {a: {template: b, to: team, channels: [sms]}}",
            4,
            "team_channel",
        ),
        (
            "fallback: call",
            "fallback: call\nmessages: {a: {template: b, channels: [sms, team]}}",
            4,
            "team_channel",
        ),
        ("- status: new", "- count: calls", 25, "unknown_reference"),
        ("- status: new", "- charge: client", 25, "unknown_reference"),
        ("- status: new", "- document: act", 25, "unknown_reference"),
        ("- status: new", "- document: {title: {ru: а, en: a}}", 25, "one_document"),
        ("- status: new", "- document: {title: {ru: а, en: a}, url: here}", 25, "not_a_url"),
        ("fallback: call", "fallback: call\ncounters: {calls: {ru: а, en: a}}", 4, "unreachable"),
        ("fallback: call", "fallback: call\ncharges: {client: {title: {ru: а, en: a}}}", 4, "unreachable"),
        ("fallback: call", "fallback: call\ncharges: {c: {title: {ru: а, en: a}, amount: 5}}", 4, "no_currency"),
        ("fallback: call", "fallback: call\ncharges: {c: {title: {ru: а, en: a}, amount: lots}}", 4, "not_money"),
        ("due: 5m", "due: 5m\n    remind: 0m", 16, "no_time"),
        ("due: 5m", "due: 5m\n    remind: [5m, soon]", 16, "not_a_duration"),
        ("due: 5m", "due: 5m\n    on_taken: mine", 16, "unknown_value"),
        ("due: 5m", "due: 5m\n    on_taken: [own]", 16, "not_a_mapping"),
        ("due: 5m", "due: 5m\n    on_taken: {}", 16, "missing_key"),
        ("due: 5m", "due: 5m\n    on_assigned: {reserve: 0m}", 16, "no_time"),
        ("due: 5m", "due: 5m\n    on_assigned: {reserve: soon}", 16, "not_a_duration"),
        ("due: 5m", "due: 5m\n    on_assigned:\n      reserve: 5m\n      own: true", 18, "unknown_key"),
        ("due: 5m", "due: 5m\n    on_first_contact: [{defer: {due: 5m}}]", 9, "misplaced"),
        ("lane: new", "lane: old", 14, "unknown_reference"),
        ("stage: new", "stage: brand", 5, "unknown_value"),
        ("- open: call", "- open: cal", 26, "unknown_reference"),
        ("- status: new", "- status: nev", 25, "unknown_reference"),
        ("- status: new", "- offer: cal", 25, "unknown_reference"),
        ("- open: call", "- offer: call", 24, "silent_end"),
        ("- open: call", "- start: other", 24, "silent_end"),
        ("- status: new", "- start: tiny", 23, "starts_itself"),
        ("- status: new", "- start: {playbook: Tiny!}", 25, "bad_code"),
        ("- status: new", "- start: {}", 25, "missing_key"),
        ("fallback: call", "fallback: call\nsubject: ship", 4, "unknown_value"),
        ("fallback: call", "fallback: call\nlistens: [payday]", 4, "unknown_value"),
        ("fallback: call", "fallback: call\nlistens: [order_changed]", 4, "own_event"),
        ("fallback: call", "fallback: call\nlistens: [task_overdue]", 4, "own_event"),
        ("fallback: call", "fallback: call\nlistens: customer_changed", 4, "no_rule"),
        ("fallback: call", "fallback: call\nsubject: staff\nlistens: [order_changed]", 5, "never_heard"),
        ("fallback: call", "fallback: call\nsubject: customer", 24, "not_listened"),
        ("fallback: call", "fallback: call\nstarts_on: [lead_received]", 4, "cannot_start"),
        ("fallback: call", "fallback: call\nstarts_on: [customer_changed]", 4, "cannot_start"),
        ("fallback: call", "fallback: call\nstarts_on: [order_changed]", 4, "no_rule"),
        ("- open: call", "- opne: call", 26, "unknown_step"),
        ("- end: true", "- status: new", 17, "silent_end"),
        ("- open: call", "- note: {ru: а, en: a}", 24, "silent_end"),
        ("result: completed", "result: deferred", 17, "not_deferred"),
        ("{ru: Позвонить, en: Call}", "{ru: Позвонить}", 10, "missing_title"),
        ("fallback: call", "fallback: cal", 3, "unknown_reference"),
        ("priority: 1", "priority: high", 7, "not_a_number"),
        ("lead_received:", "lead_recieved:", 23, "unknown_key"),
        ("playbook: tiny", "playbook: Tiny!", 1, "bad_code"),
        ("role: operator", "role: [a, b]", 11, "not_a_word"),
    ],
)
def test_a_fault_is_named_with_its_line(old: str, new: str, line: int, code: str) -> None:
    assert (line, code) in faults(GOOD.replace(old, new, 1))


def test_a_lead_s_playbook_begins_by_its_source_or_by_a_start() -> None:
    started = GOOD.replace("lead_received:", "started:")
    assert list(parse(started, VOCABULARY).triggers) == [Trigger.STARTED]
    both = GOOD + "  started:\n    - when: {owned: true}\n      then:\n        - open: call\n"
    assert faults(both) == [(27, "silent_end")]


def test_a_process_of_another_subject_may_have_nothing_open() -> None:
    note = "- note: {ru: а, en: a}"
    idle = GOOD.replace("- end: true", note).replace("- open: call", note).replace("lead_received:", "started:")
    waiting = idle.replace("fallback: call", "fallback: call\nsubject: customer")
    assert parse(waiting, VOCABULARY).subject is SubjectKind.CUSTOMER


def test_all_faults_are_named_at_once() -> None:
    broken = GOOD.replace("due: 5m", "due: soon").replace("stage: new", "stage: x").replace("open: call", "open: x")
    assert faults(broken) == [(5, "unknown_value"), (15, "not_a_duration"), (26, "unknown_reference")]


def test_a_type_that_nothing_leads_to_is_a_fault() -> None:
    lost = GOOD.split("task_types:\n")[1].split('"on"', maxsplit=1)[0].replace("  call:", "  lost:", 1)
    assert (22, "unreachable") in faults(GOOD.replace('"on":', lost + '"on":'))


def test_a_rule_behind_an_unconditional_one_is_a_fault() -> None:
    assert (27, "unreachable_rule") in faults(GOOD + "    - then:\n        - open: call\n")


def test_a_rule_for_another_phase_is_reached_behind_an_unconditional_one() -> None:
    reopening = "    - process: ended\n      then:\n        - open: call\n"
    changed = "  order_changed:\n    - then:\n        - status: new\n" + reopening
    assert parse(GOOD + changed, VOCABULARY).triggers[Trigger.ORDER_CHANGED][1].phase is Phase.ENDED
    assert (33, "unreachable_rule") in faults(GOOD + changed + reopening)


@pytest.mark.req("S2.6")
@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("- open: call", "- open: call\n        - CLOSE", 24),
        ("    due: 5m", "    due: 5m\n    on_take:\n      - CLOSE", 16),
        ("    due: 5m", "    due: 5m\n    on_first_contact:\n      - CLOSE", 16),
        ("- end: true", "- open: call\n          - CLOSE", 17),
        ("- end: true", "- timer: later", 17),
    ],
)
def test_what_would_leave_nothing_open_at_last_is_a_fault(old: str, new: str, line: int) -> None:
    silent = GOOD.replace(old, new.replace("CLOSE", CLOSE), 1)
    timer = "timers:\n  later:\n    at: 30d\n    then:\n      - then:\n          - open: call\n"
    assert (line, "silent_end") in faults(silent.replace('"on":', timer + '"on":') if "timer" in new else silent)


@pytest.mark.parametrize("first", ["- end: true", f"- {CLOSE}"])
def test_a_deferring_step_behind_a_close_or_an_end_is_a_fault(first: str) -> None:
    deferred = GOOD.replace("result: completed", "result: deferred")
    late = deferred.replace("- end: true", f"{first}\n          - defer: {{due: 5m}}")
    assert (17, "deferred_too_late") in faults(late)


@pytest.mark.req("S1.2")
def test_a_lane_of_pulled_work_must_be_drawn_by_a_queue() -> None:
    mine = GOOD.replace("holder: nobody", "holder: me")
    assert parse(mine, VOCABULARY).lanes["new"].holder is Holder.ME
    assert faults(mine.replace("mode: push", "mode: pull")) == [(7, "undrawn_lane")]


SHARED = GOOD.replace("task_types:\n", "outcomes:\n  done: DONE\ntask_types:\n").replace(
    """    outcomes:
      done:
        title: {ru: Сделано, en: Done}
        result: completed
        then:
          - end: true
""",
    "    outcomes: [done]\n",
)
DONE = "{title: {ru: Сделано, en: Done}, result: completed, then: [end: true]}"


@pytest.mark.parametrize("named", ["[done]", "{done: done}"])
def test_task_types_name_shared_outcomes(named: str) -> None:
    playbook = parse(SHARED.replace("DONE", DONE).replace("[done]", named), VOCABULARY)
    assert (
        playbook.task_types["call"].outcomes
        == playbook.outcomes
        == parse(GOOD, VOCABULARY).task_types["call"].outcomes
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("result: completed", "result: compleated", 9, "unknown_value"),
        ("[done]", "[dune]", 18, "unknown_reference"),
        ("[done]", "[[done]]", 18, "not_a_mapping"),
        ("then: [end: true]", "then: [status: new]", 9, "silent_end"),
        ("outcomes:\n", f"outcomes:\n  more: {DONE.replace('Done', 'Over')}\n", 9, "unreachable"),
    ],
)
def test_a_fault_of_a_shared_outcome_is_named_at_its_own_line(old: str, new: str, line: int, code: str) -> None:
    assert (line, code) in faults(SHARED.replace("DONE", DONE).replace(old, new, 1))


def test_a_directory_stands_for_its_problems() -> None:
    directories = "directories:\n  why:\n    dear: {ru: Дорого, en: Dear}\n    late: {ru: Поздно, en: Late}\n"
    required = GOOD.replace("then:\n", "requires: {problems: why}\n        then:\n", 1)
    playbook = parse(required.replace("lanes:", directories + "lanes:"), VOCABULARY)
    assert playbook.task_types["call"].outcomes["done"].requires.problems == ("dear", "late")
    assert list(playbook.problems) == ["dear", "late"]


def test_a_problem_has_one_text_in_all_directories() -> None:
    directories = "directories:\n  a: {dear: {ru: Дорого, en: Dear}}\n  b: {dear: {ru: Дорого, en: Costly}}\n"
    assert (8, "two_texts") in faults(GOOD.replace("lanes:", directories + "lanes:"))


def test_a_range_ascends() -> None:
    assert (7, "not_a_range") in faults(GOOD.replace("holder: nobody", "holder: nobody, window: [40m, 20m]"))


def test_a_repeated_key_is_a_fault() -> None:
    assert (16, "repeated_key") in faults(GOOD.replace("    due: 5m\n", "    due: 5m\n    due: 6m\n"))


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "empty"),
        ("a: [", "not_yaml"),
        ("- a", "not_a_mapping"),
        ("a: &x 1\nb: *x", "alias"),
        ("[" * 3000, "too_deep"),
        ("- " * 3000, "too_deep"),
        ('{"a":' * 3000, "too_deep"),
        ("a: \x01", "not_yaml"),
        ("a: \ud800", "not_yaml"),
    ],
)
def test_what_is_no_playbook_at_all_is_refused(source: str, code: str) -> None:
    assert code in [found for _, found in faults(source)]


@pytest.mark.parametrize(
    ("data", "claim"),
    [("own", OWN), ("nothing", NOTHING), ("{reserve: 20m}", Claim(reserve=timedelta(minutes=20)))],
)
def test_what_having_a_task_does_is_read(data: str, claim: Claim) -> None:
    read = parse(GOOD.replace("due: 5m", f"due: 5m\n    on_taken: {data}"), VOCABULARY).task_types["call"]
    assert (read.on_taken, read.on_assigned) == (claim, OWN)


def test_attempts_outside_an_outcome_are_a_fault() -> None:
    policy = "attempts:\n  tries:\n    delays: [5m]\n"
    broken = GOOD.replace('"on":', policy + '"on":').replace(
        "- open: call", "- open: call\n        - attempt: tries"
    )
    assert "misplaced" in [code for _, code in faults(broken)]


def test_a_limit_needs_what_happens_when_it_is_reached() -> None:
    policy = "attempts:\n  tries:\n    limit: 3\n    delays: [5m]\n"
    assert (23, "limit_and_exhausted") in faults(GOOD.replace('"on":', policy + '"on":'))


def test_the_diagram_says_which_playbook_a_step_starts() -> None:
    drawn = diagram(parse(GOOD.replace("- status: new", "- start: refund"), VOCABULARY), "en")
    assert "▶ refund" in drawn


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_diagram_draws_each_type_and_every_way_out(language: str) -> None:
    drawn = diagram(SCHOOL, language)
    assert drawn.startswith("flowchart TD\n")
    assert all(f"    {code}[" in drawn for code in SCHOOL.task_types)
    assert "process_order -->|" in drawn


POLICIES = "attempts:\n  far: {delays: [1h]}\n  near: {delays: [5m]}\n"
DEFERRED = GOOD.replace("result: completed", "result: deferred").replace('"on":', POLICIES + '"on":')


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ("choose: [{when: {owned: true}, then: [attempt: far]}, {then: [attempt: near]}]", None),
        ("choose: [{when: {owned: true}, then: [attempt: far], else: [attempt: near]}]", None),
        ("choose: [{when: {owned: true}, then: [attempt: far]}]", "not_deferred"),
        (
            "choose: [{when: {owned: true}, then: [attempt: far]}, {then: [attempt: near, defer: 5m]}]",
            "not_deferred",
        ),
        ("choose: [{when: {owned: true}, then: [end: true]}, {then: [attempt: near]}]", "deferred_too_late"),
    ],
)
def test_what_is_deferred_may_depend_on_a_choice_that_always_defers_once(steps: str, code: str | None) -> None:
    text = DEFERRED.replace("end: true", steps, 1).replace("- open: call", "- open: call", 1)
    if code is None:
        used = parse(text, VOCABULARY).task_types["call"].outcomes["done"].then
        assert len(used) == 1
    else:
        assert code in [found for _, found in faults(text.replace("defer: 5m", "defer: {due: 5m}"))]


PULLED = GOOD.replace("mode: push", "mode: pull")
HOLE = "holder: nobody}"


@pytest.mark.req("S1.1", "S4.5")
@pytest.mark.parametrize(
    ("lanes", "case"),
    [
        ("window: [20m, 1000d]}", "of a lead that came at 00:00, 0:00:00 later, after 0 attempts"),
        ("window: [0m, 40m]}", "of a lead that came at 00:00, 0:40:00 later, after 0 attempts"),
        ("attempts: [0, 3]}", "of a lead that came at 00:00, 0:00:00 later, after 4 attempts"),
        ("days: [0, 1]}", "of a lead that came at 00:00, 2 days, 0:00:00 later, after 0 attempts"),
        ('received_between: ["02:00", "12:00"]}', "of a lead that came at 00:00, 0:00:00 later, after 0 attempts"),
        ('received_outside: ["02:00", "12:00"]}', "of a lead that came at 02:00, 0:00:00 later, after 0 attempts"),
    ],
)
def test_lanes_that_leave_a_gap_are_refused_with_the_first_case(lanes: str, case: str) -> None:
    with pytest.raises(InvalidPlaybookError) as caught:
        parse(PULLED.replace(HOLE, f"holder: nobody, {lanes}"), VOCABULARY)
    assert [fault.detail for fault in caught.value.faults] == [f"no lane shows a task of lane 'new' {case}"]


@pytest.mark.req("S1.1", "S4.5")
@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("window: [0m, 40m]", "window: [40m, 1000d]"),
        ("attempts: [0, 3]", "attempts: [4, 1000000]"),
        ("days: [0, 0]", "days: [1, 1000]"),
        ('received_between: ["22:00", "06:00"]', 'received_outside: ["22:00", "06:00"]'),
        ("window: [0m, 10m]", "holder: anyone"),
    ],
)
def test_lanes_that_meet_leave_no_gap(first: str, rest: str) -> None:
    words = "title: {ru: а, en: a}, priority: 2, of: new"
    rest = rest if rest.startswith("holder") else f"holder: nobody, {rest}"
    lanes = f"holder: nobody, {first}}}\n  rest: {{{words}, {rest}}}"
    assert list(parse(PULLED.replace(HOLE, lanes), VOCABULARY).lanes) == ["new", "rest"]


TWIN = GOOD.replace("lanes:\n", "twins:\n  later: {title: {ru: '{title}!', en: '{title}!'}}\nlanes:\n", 1).replace(
    """        then:
          - end: true
""",
    """        then:
          - end: true
      put_off:
        title: {ru: Позже, en: Later}
        result: deferred
        fields: {to: person, why: text}
        then: [defer: {due: 1h, twin: later, for: to}]
    twins: later
""",
)


@pytest.mark.req("S3.5")
def test_a_twin_is_a_type_of_its_own_with_the_same_outcomes() -> None:
    types = parse(TWIN, VOCABULARY).task_types
    assert (types["call.later"].title.ru, types["call.later"].twin_of) == ("Позвонить!", "call")
    assert types["call.later"].outcomes == types["call"].outcomes


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("    twins: later\n", "", 24, "no_twin"),
        ("twin: later", "twin: never", 28, "unknown_reference"),
        ("twin: later", "twin: later, to: call", 28, "two_successors"),
        ("for: to", "for: why", 24, "nobody"),
        ("for: to", "for: nobody", 28, "unknown_reference"),
        ("    twins: later", "    twins: later\n    twin_of: call", 30, "unknown_key"),
        ("    twins: later", "    twins: later\n    categories: {}", 30, "unknown_key"),
        ("- open: call", "- open: {type: call, for: to}", 32, "nobody"),
        ("  call:\n", "  call.later: {}\n  call:\n", 11, "two_types"),
        (
            "- status: new",
            "- close: {result: failed, outcome: never, reason: {ru: а, en: a}}",
            32,
            "unknown_outcome",
        ),
        ("- status: new", "- choose: [{when: {chosen: {to: x}}, then: [status: new]}]", 33, "not_a_choice"),
    ],
)
def test_what_names_no_successor_no_person_and_no_outcome_is_named(
    old: str, new: str, line: int, code: str
) -> None:
    assert (line, code) in faults(TWIN.replace(old, new))


def test_outcomes_by_category_need_categories() -> None:
    start = GOOD.index("    outcomes:")
    sent = GOOD[:start] + "    outcomes: by_category\n" + GOOD[GOOD.index('"on":') :]
    assert (16, "no_categories") in faults(sent)


def test_a_lane_has_one_window_of_arrival() -> None:
    both = 'received_between: ["02:00", "12:00"], received_outside: ["02:00", "12:00"]}'
    assert faults(GOOD.replace(HOLE, f"holder: nobody, {both}")) == [(7, "two_windows")]
