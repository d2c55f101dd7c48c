"""`make` explains itself, and needs no more than the machine has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import venv
from tests.architecture.sources import ROOT

TARGETS = (
    "run",
    "check",
    "test",
    "browser",
    "lint",
    "fmt",
    "contracts",
    "bench",
    "chaos",
    "drill",
    "soak",
    "migrate",
    "lock",
)


def make(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path or os.environ["PATH"], "MAKEFLAGS": ""}
    return subprocess.run(
        ["/usr/bin/env", "make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def drill(tmp_path: Path, engine: str, finds: int = 0) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run `make drill` with an engine that does what `engine` says and a drill that ends with `finds`."""
    calls = tmp_path / "calls"
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin" / "python", f'echo "python $* of $DOZVON_IMAGE" >> {calls}\nexit {finds}')
    made = script(tmp_path / "engine", f'echo "engine $*" >> {calls}\n{engine}')
    done = make("drill", "READY=", f"VENV={tmp_path}", f"ENGINE={made}")
    return done, calls.read_text().splitlines()


def build(tmp_path: Path, makes: str) -> subprocess.CompletedProcess[str]:
    """Run .ci/run with a `make` that does what `makes` says."""
    script(tmp_path / "make", makes)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return subprocess.run([ROOT / ".ci" / "run"], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("target", TARGETS)
def test_make_alone_prints_each_target_with_its_purpose(target: str) -> None:
    assert f"make {target} " in make().stdout


def test_a_missing_python_is_one_clear_line(tmp_path: Path) -> None:
    done = make("lint", "PYTHON=python-of-nowhere", f"VENV={tmp_path / 'venv'}")
    assert "install Python 3.11 or newer" in done.stdout
    assert done.returncode != 0


def test_an_old_python_is_named(tmp_path: Path) -> None:
    lie = (
        "import runpy, sys; sys.version_info = (3, 9); sys.argv.pop(0); runpy.run_path(sys.argv[0], {}, '__main__')"
    )
    old = script(tmp_path / "old", f'exec {sys.executable} -c "{lie}" "$@"')
    done = make("lint", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert "Python 3.11 or newer is needed" in done.stderr


def test_an_interrupted_environment_is_made_anew_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(venv, "LOCK", script(tmp_path / "requirements.lock", ""))

    def run(command: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, returncode=int(len(commands) == 2 or check))

    monkeypatch.setattr(subprocess, "run", run)
    stamp = tmp_path / "stamp"
    codes = [venv.main(str(tmp_path / "venv"), str(stamp)) for _ in range(3)]
    assert (codes, len(commands), stamp.exists()) == ([1, 0, 0], 4, True)


def test_an_environment_is_made_of_the_lock_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, returncode=int(check))

    monkeypatch.setattr(subprocess, "run", run)
    lock = script(tmp_path / "other.lock", "")
    assert venv.main(str(tmp_path / "venv"), str(tmp_path / "stamp"), str(lock)) == 0
    assert str(lock) in commands[-1]


@pytest.mark.parametrize(("part", "apart"), [("", True), ("peers", True), ("smoke", True), ("chain", False)])
def test_bench_makes_the_environment_of_the_peers_only_to_measure_them(
    tmp_path: Path, part: str, apart: bool
) -> None:
    shown = make("-n", "bench", f"PART={part}", f"VENV={tmp_path}", f"BENCH_VENV={tmp_path / 'peers'}").stdout
    assert ("requirements-bench.lock" in shown) is apart
    assert ("--only" in shown) is bool(part)


def test_chaos_takes_its_rounds(tmp_path: Path) -> None:
    assert "tests.chaos --rounds 7" in make("-n", "chaos", "N=7", f"VENV={tmp_path}").stdout


@pytest.mark.parametrize(("modules", "chaos"), [("", True), ("services.tasks.engine.moments", False)])
def test_soak_is_chaos_and_mutation_or_the_mutation_of_what_is_named(
    tmp_path: Path, modules: str, chaos: bool
) -> None:
    shown = make("-n", "soak", f"MODULES={modules}", f"VENV={tmp_path}").stdout
    assert f"tests.mutation {modules}" in shown
    assert ("tests.chaos --rounds 20" in shown) is chaos


@pytest.mark.parametrize("finds", [0, 1])
def test_drill_builds_starts_drills_and_takes_down_whatever_was_found(tmp_path: Path, finds: int) -> None:
    done, calls = drill(tmp_path, "exit 0", finds)
    assert [re.sub(r"-p \S+ --env-file \S+ -f \S+ ", "", call).split(" -")[0] for call in calls] == [
        "engine ps", "engine build", "engine compose up", "python", "engine compose down",
    ]  # fmt: skip
    assert (done.returncode == 0) == (finds == 0)


def test_drill_runs_on_the_image_that_it_built(tmp_path: Path) -> None:
    _, calls = drill(tmp_path, "exit 0")
    built, drilled = next(call for call in calls if " build " in call), calls[-2]
    assert (" -t dozvon:drill " in built, drilled.endswith(" of dozvon:drill")) == (True, True)


def test_drill_takes_down_what_did_not_come_up(tmp_path: Path) -> None:
    done, calls = drill(tmp_path, 'case "$*" in *" up "*) exit 5;; esac')
    assert ("python" in " ".join(calls), " down --volumes" in calls[-1], done.returncode) == (False, True, 2)


def test_drill_never_touches_the_project_that_readme_starts(tmp_path: Path) -> None:
    _, calls = drill(tmp_path, "exit 0")
    assert [
        call for call in calls if "compose" in call and " -p dozvon-drill " not in call.replace("--project", "-p")
    ] == []


def test_a_missing_engine_is_one_clear_line(tmp_path: Path) -> None:
    done, calls = drill(tmp_path, "exit 1")
    said = [line for line in done.stdout.splitlines() if not line.startswith("make[")]  # a make within a make
    assert (calls, len(said), done.returncode) == (["engine ps"], 1, 2)
    assert said[0].startswith("make drill needs a container engine")


@pytest.mark.parametrize("line", ["=== 3 passed in 1.20s ===", "3 passed, 1 warning in 1.20s"])
def test_build_ends_with_pytests_closing_line(tmp_path: Path, line: str) -> None:
    done = build(tmp_path, f"echo '{line}'; echo 'something after'")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, line)


@pytest.mark.parametrize(
    "makes", ["echo '=== 1 failed, 2 passed in 1s ==='; exit 2", "echo 'lint: no'; exit 2", "true"]
)
def test_build_fails_when_tests_fail_or_none_was_run(tmp_path: Path, makes: str) -> None:
    assert build(tmp_path, makes).returncode != 0


@pytest.mark.parametrize("part", ["bench", "browser"])
def test_build_fails_when_a_part_does_and_tests_all_the_same(tmp_path: Path, part: str) -> None:
    done = build(tmp_path, f'if [ "$1" = {part} ]; then exit 1; fi; echo "=== 3 passed in 1s ==="')
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "=== 3 passed in 1s ===")


def test_build_ends_with_the_line_of_all_tests_not_with_that_of_the_browsers(tmp_path: Path) -> None:
    done = build(
        tmp_path, 'case "$1" in browser) echo "=== 2 passed in 1s ===";; test) echo "3 passed in 9s";; esac'
    )
    assert done.stdout.splitlines()[-1] == "3 passed in 9s"
