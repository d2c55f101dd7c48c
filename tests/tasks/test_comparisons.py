"""What a rule may compare: numbers, sums and times, what happens at the edges, and who is on shift."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import AppointmentStep, Presence
from services.tasks.engine.conditions import Context, holds
from services.tasks.engine.facts import Appointment, Customer, Partner
from services.tasks.engine.state import Colleague, State
from services.tasks.playbooks.conditions import Condition, PartnerPart
from services.tasks.playbooks.limits import LimitValue
from services.tasks.playbooks.terms import Addressee, Title
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk, contact, operator
from tests.tasks.support import ANNA, CALLBACK, START, TINY, blank, facts

DAY = timedelta(days=1)
EDGES = [(over, under) for over in (4, 5, 6) for under in (4, 5, 6)]


def state_of(fields: Mapping[str, str], **known: object) -> State:
    """A lead with an order of 990 roubles, which came at noon on the desk's second of March."""
    lead = facts()
    assert lead.order is not None
    state = blank(CALLBACK, replace(lead, order=replace(lead.order, amount=Decimal(990)), **known))  # type: ignore[arg-type]  # names of its fields
    state.fields = fields
    return state


def judged(when: Condition, state: State) -> bool:
    return holds(when, Context(state, None, now=START))


@given(value=st.decimals(-100, 100, places=2), least=st.integers(-100, 100), most=st.integers(-100, 100))
def test_over_and_under_leave_the_limit_out_and_between_takes_both_in(
    value: Decimal, least: int, most: int
) -> None:
    state, low, high = state_of({"weight": str(value)}), Decimal(least), Decimal(most)
    assert judged(Condition(over={"weight": low}), state) is (value > low)
    assert judged(Condition(under={"weight": low}), state) is (value < low)
    assert judged(Condition(between={"weight": (low, high)}), state) is (low <= value <= high)


@pytest.mark.parametrize(
    ("name", "limit", "over", "under"),
    [
        ("order_amount", Decimal("989.99"), True, False),
        ("order_amount", Decimal(990), False, False),
        ("paid_on", date(2026, 3, 4), True, False),
        ("paid_on", date(2026, 3, 5), False, False),
        ("paid_on", 2 * DAY, True, False),  # from noon to the midnight before the fifth are two days and a half
        ("paid_on", 3 * DAY, False, True),
        ("visit_at", date(2026, 3, 4), False, False),  # the fourth by the desk's clock, the third by the field's
        ("visit_at", DAY, True, False),
        ("received", date(2026, 3, 2), False, False),
        ("received", timedelta(0), False, False),
        ("appointment", 4 * DAY, False, False),
        ("appointment", date(2026, 3, 7), False, True),
        ("unknown", Decimal(0), False, False),
        ("unknown", date(2026, 3, 2), False, False),
    ],
)
def test_times_count_by_the_day_of_the_desk_or_by_how_far_ahead_they_are(
    name: str, limit: LimitValue, over: bool, under: bool
) -> None:
    visit = Appointment(UUID(int=8), 1, AppointmentStep.PLANNED, START + 4 * DAY)
    state = state_of({"paid_on": "2026-03-05", "visit_at": "2026-03-03T21:30+00:00"}, appointment=visit)
    found = judged(Condition(over={name: limit}), state), judged(Condition(under={name: limit}), state)
    assert found == (over, under)


@pytest.mark.parametrize("name", ["received", "visit_at", "order_amount"])
def test_what_is_not_known_holds_for_no_comparison(name: str) -> None:
    state = replace(blank(CALLBACK, replace(facts(), order=None)))
    ahead = {name: (-400 * DAY, 400 * DAY)} if name != "order_amount" else {name: (Decimal(0), Decimal(9))}
    assert not holds(Condition(between=ahead), Context(state, None))


PARTNER = Partner(UUID(int=6), Title("Салон", "Salon"), "ru", "Asia/Omsk", Customer(), site="https://rose.example")


@pytest.mark.parametrize(
    ("when", "known", "none"),
    [
        (Condition(partner_has=frozenset({PartnerPart.SITE})), True, False),
        (Condition(partner_has=frozenset({PartnerPart.SITE, PartnerPart.ADDRESS})), False, False),
        (Condition(partner_lacks=frozenset({PartnerPart.ADDRESS, PartnerPart.CONSULTANT})), True, True),
        (Condition(partner_lacks=frozenset({PartnerPart.ADDRESS, PartnerPart.SITE})), False, True),
    ],
)
def test_a_partner_has_all_that_is_asked_for_or_lacks_all_of_it(when: Condition, known: bool, none: bool) -> None:
    with_card, without = state_of({}), state_of({})
    with_card.partner = PARTNER
    assert (judged(when, with_card), judged(when, without)) == (known, none)


@pytest.mark.parametrize(
    ("present", "on", "off"), [({ANNA.id}, True, False), (set(), False, True), (None, False, False)]
)
def test_a_person_is_on_shift_or_off_it_and_no_person_is_neither(
    present: set[UUID] | None, on: bool, off: bool
) -> None:
    state = state_of({"mechanic": str(ANNA.id)})
    here = present if present is not None else set()
    state.staff = None if present is None else {ANNA.id: Colleague(ANNA, on_shift=ANNA.id in here)}
    for names, hold in ((("mechanic",), True), ((Addressee.OWNER,), False), ((Addressee.OWNER, "mechanic"), True)):
        assert judged(Condition(on_shift=names), state) is (on and hold)
        assert judged(Condition(off_shift=names), state) is (off and hold)


#: A missed call is for the lead's owner, or for all while they are not on shift.
SHIFTS = (
    TINY.replace("pool: main", "pool: callback")
    .replace("mode: push", "mode: pull\n    on_taken: own")
    .replace(
        '"on":',
        """"on":
  contact_recorded:
    - when: {on_shift: owner}
      then: [open: {type: call, for: owner}]
    - then: [open: call]""",
    )
)


@pytest.mark.req("S2.10")
@pytest.mark.parametrize(
    ("presence", "holders"),
    [(Presence.CHECKED_IN, [ANNA_ID, ANNA_ID]), (Presence.CHECKED_OUT, [None, ANNA_ID])],
)
async def test_a_missed_call_is_for_the_owner_who_is_on_shift_and_else_for_all(
    desk: Desk, api: Api, presence: Presence, holders: list[UUID | None]
) -> None:
    await desk.activate_playbook(SHIFTS)
    lead_id = await desk.lead("tiny")
    await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take")
    await desk.receive(operator(ANNA_ID, "anna", presence=presence, version=2))
    await desk.receive(contact(lead_id=lead_id))
    params = {"lead_id": str(lead_id), "state": "active"}
    found = (await api.call("GET", "/tasks", role="admin", params=params)).json()["items"]
    assert sorted(str(task["operator_id"]) for task in found) == sorted(map(str, holders))
