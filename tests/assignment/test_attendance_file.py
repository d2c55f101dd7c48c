"""Rest, hand-over, lateness and needs in a desk's document (S4.6)."""

import pytest

from tests.assignment.desk import Desk
from tests.assignment.school import RULE, WHOLE, School
from tests.assignment.test_configuration_api import PATH, plan, planned_and_applied

pytestmark = pytest.mark.req("S4.6")


async def test_what_a_desk_file_says_of_shifts_is_exported_and_changes_nothing_again(desk: Desk) -> None:
    await School(desk).open()
    exported = (await desk.call("GET", PATH, roles=("admin",))).json()["document"]
    again = await plan(desk, exported)
    fines = [step["amount"] for step in exported["attendance"]["lateness"]["steps"]]
    assert (again.json()["changes"], fines, exported["shifts"]["day"]["needed"]["mon"]) == ([], [None, "500"], 1)


async def test_a_change_of_the_rules_names_what_differs_and_a_file_without_them_leaves_them(desk: Desk) -> None:
    school = School(desk)
    await school.open()
    changed = await planned_and_applied(desk, {**WHOLE, "attendance": {**RULE, "rest": 300, "handover": None}})
    silent = await plan(desk, {name: part for name, part in WHOLE.items() if name != "attendance"})
    said = [(each["kind"], each["action"], each["fields"]) for each in changed.json()["changes"]]
    assert (said, silent.json()["changes"]) == ([("attendance", "change", ["rest", "handover"])], [])
