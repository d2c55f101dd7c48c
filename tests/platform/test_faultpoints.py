"""Fault points: free when unarmed, deadly at the named pass."""

import signal
import subprocess
import sys

import pytest

from libs.common.platform import faultpoints

PROGRAM = """
from libs.common.platform import faultpoints
for number in range(5):
    print(number, flush=True)
    faultpoints.reach("relay.acked")
    faultpoints.reach("other.point")
"""


def run(crash_at: str) -> tuple[int, list[str]]:
    environ = {faultpoints.VARIABLE: crash_at, "PATH": ""}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True)
    return done.returncode, done.stdout.split()


def test_a_process_kills_itself_at_the_named_pass() -> None:
    assert run("relay.acked:3") == (-signal.SIGKILL, ["0", "1", "2"])


def test_of_two_points_the_first_reached_kills() -> None:
    assert run("relay.acked:4, other.point:2") == (-signal.SIGKILL, ["0", "1"])


def test_unnamed_points_are_passed() -> None:
    assert run("sender.sent:1") == (0, ["0", "1", "2", "3", "4"])


@pytest.mark.parametrize("text", ["a:0", ":1", "a:x"])
def test_a_faulty_variable_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        faultpoints.parse(text)
