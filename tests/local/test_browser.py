"""`make browser` finds a browser that the machine has, and the other tests need none."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.jars import CHECKOUT
from tests.browser.finding import PACKAGE, NoBrowserError, find


def program(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def never() -> None:
    pytest.fail("nothing is to be installed")


def test_what_chrome_names_is_taken_though_debians_is_there(tmp_path: Path) -> None:
    named = program(tmp_path, "my-chrome")
    program(tmp_path, PACKAGE)
    assert find({"CHROME": named, "PATH": str(tmp_path)}, never) == named


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    there = program(tmp_path, PACKAGE)
    assert find({"PATH": str(tmp_path)}, never) == there


def test_debians_is_installed_where_that_can_be_done(tmp_path: Path) -> None:
    def install() -> None:
        program(tmp_path, PACKAGE)

    assert find({"PATH": str(tmp_path)}, install) == str(tmp_path / PACKAGE)


@pytest.mark.parametrize(
    ("chrome", "said"), [("", "set CHROME to the path of one"), ("/nowhere/chrome", "/nowhere/chrome")]
)
def test_without_any_it_is_said_what_to_do(tmp_path: Path, chrome: str, said: str) -> None:
    with pytest.raises(NoBrowserError, match=said):
        find({"CHROME": chrome, "PATH": str(tmp_path)}, None)


def test_the_command_fails_with_that_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser"], env={"CHROME": "/nowhere/chrome"}, cwd=CHECKOUT,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "CHROME names no program: /nowhere/chrome\n")


def test_the_suite_leaves_the_tests_in_a_browser_out() -> None:
    words = ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/browser"]
    done = subprocess.run([sys.executable, *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "::" in done.stdout) == (pytest.ExitCode.NO_TESTS_COLLECTED, False)
