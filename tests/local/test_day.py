"""A tenth of the school's day, by the command itself against `make run`; the whole of it is in `make soak`."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.guide import commands
from deploy.local.jars import CHECKOUT
from tests.local.run import Run, clean

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.req("S4.1", "S4.2", "S4.3", "S4.4", "S4.5", "S4.6", "S4.11", "S4.16")
def test_a_tenth_of_the_schools_day_balances_behind_the_first_commands(tmp_path: Path) -> None:
    """Its managers get the work of yesterday's customers, too, whom the day does not play."""
    run = Run(tmp_path / "home")
    run.start()
    try:
        subprocess.run(
            ["/bin/sh", "-c", commands(str(run.home))], cwd=CHECKOUT, env=clean(), check=True, timeout=60
        )
        what = ["-m", "deploy.demo.day", "school", "--origin", run.url(""), "--orders", "30", "--minutes", "20"]
        done = subprocess.run(
            [sys.executable, *what], cwd=CHECKOUT, env=clean(), capture_output=True, text=True, timeout=500
        )
    finally:
        run.end()
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "the books balance" in done.stdout
