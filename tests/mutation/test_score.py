"""The mutation score counts what it says, and nothing that it should not."""

import pytest

from tests.mutation.modules import chosen, judges, measured
from tests.mutation.mutants import Equivalent, Mutant, equivalents, score, without, wrongly_listed
from tests.mutation.report import render
from tests.mutation.workspace import changed, top_of_function

PATH = "services/tasks/engine/moments.py"
KILLED = Mutant(PATH, 7, "first", "return a < b", "return a <= b", "killed", killed=True)
SURVIVOR = Mutant(PATH, 9, "first", "return a", "return None", "survived", killed=False)
EXCUSE = Equivalent(PATH, "first", "return a", "return None", "Nobody looks.")
SOURCE = """\
import this


# Why it is there.
@staticmethod
def first(a, b):
    return a < b


class Second:
    def first(self):
        return 1
"""
DIFF = """\
--- a
+++ a
@@ -1,4 +1,4 @@
 # Why it is there.
 @staticmethod
 def first(a, b):
-    return a < b
+    return a <= b"""


def test_rules_of_all_services_and_the_engine_are_measured() -> None:
    found = measured()
    owners = {"common", "intake", "tasks", "assignment", "notifications"}
    assert {path.split("/")[1] for path in found} == owners
    assert PATH in found


def test_every_equivalent_is_of_a_measured_module() -> None:
    assert {entry.path for entry in equivalents()} <= set(measured())


@pytest.mark.parametrize("name", ["services.tasks.engine.moments", PATH.removesuffix(".py")])
def test_one_module_can_be_named(name: str) -> None:
    assert chosen([name], measured()) == [PATH]


def test_a_package_is_all_its_modules() -> None:
    assert set(chosen(["services.tasks.engine"], measured())) == {
        path for path in measured() if path.startswith("services/tasks/engine/")
    }


def test_a_module_without_a_score_is_named() -> None:
    with pytest.raises(LookupError, match=r"^services\.tasks\.app has no mutation score"):
        chosen(["services.tasks.app"], measured())


def test_a_module_is_judged_by_the_tests_of_its_service() -> None:
    assert judges([PATH, "services/intake/leads/rules.py"]) == ["tests/intake", "tests/tasks"]


def test_a_survivor_lowers_the_score() -> None:
    assert score([KILLED, SURVIVOR]).percent == 50


def test_an_excused_survivor_is_not_counted() -> None:
    assert score(without([KILLED, SURVIVOR], [EXCUSE])).percent == 100


@pytest.mark.parametrize(
    ("mutants", "fault"), [([KILLED], "there is no such mutant"), ([KILLED, SURVIVOR], "a test kills it")]
)
def test_an_excuse_that_is_out_of_date_is_a_fault(mutants: list[Mutant], fault: str) -> None:
    excuse = Equivalent(PATH, "first", KILLED.was, KILLED.became, "No longer so.")
    lost = Equivalent(PATH, "gone", "a", "b", "No longer there.")
    assert fault in " ".join(wrongly_listed(mutants, [excuse, lost], [PATH]))


def test_an_excuse_of_a_module_that_was_not_measured_is_left_alone() -> None:
    assert wrongly_listed([KILLED], [EXCUSE], ["services/intake/leads/rules.py"]) == []


def test_the_report_names_file_line_and_change_of_each_survivor() -> None:
    text = render([KILLED, SURVIVOR], [])
    assert f"| `{PATH}` | 2 | 1 | 50.0 % |" in text
    assert f"### {PATH}\n\n```diff\n@@ 9 first\n- return a\n+ return None\n```" in text


def test_the_report_gives_the_reason_of_each_excuse() -> None:
    assert "`return None` for `return a`. Nobody looks." in render([KILLED, SURVIVOR], [EXCUSE])


def test_a_change_is_found_on_its_line() -> None:
    assert changed(DIFF.splitlines(), top_of_function(SOURCE, "first", None)) == (
        7,
        "return a < b",
        "return a <= b",
    )


def test_a_method_is_not_taken_for_the_function_of_its_name() -> None:
    assert top_of_function(SOURCE, "first", "Second") == 11


def test_every_excuse_has_a_reason() -> None:
    assert [entry for entry in equivalents() if not entry.reason.strip()] == []
