"""A desk file: words, lines, references, and what is wrong with it."""

from pathlib import Path

import pytest

from libs.common.deskfile.reading import BadFileError, read

WHOLE = """\
desk: demo
title: {ru: Демо, en: Demo}
zone: Europe/Moscow
calendar:
  - {weekday: 1, opens: 09:00, closes: 18:00}
playbooks:
  callback: {source: {file: callback.yaml}}
channels:
  main:
    config: {provider: wazzup, api_key: {env: KEY}, on: no}
operators:
  a/b: {name: 'Yes'}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "callback.yaml").write_text("playbook: callback\n")
    (tmp_path / "desk.yaml").write_text(WHOLE)
    return tmp_path


def faults(folder: Path, text: str) -> list[str]:
    (folder / "desk.yaml").write_text(text)
    try:
        found = read(folder / "desk.yaml", {})
    except BadFileError as refused:
        return [line.removeprefix(f"{folder}/") for line in refused.lines]
    return [found.place(*fault).removeprefix(f"{folder}/") for fault in found.faults]


def test_references_are_replaced_by_what_they_name(folder: Path) -> None:
    found = read(folder / "desk.yaml", {"KEY": "secret"}).document
    assert found["playbooks"] == {"callback": {"source": "playbook: callback\n"}}
    assert found["channels"] == {"main": {"config": {"provider": "wazzup", "api_key": "secret", "on": "no"}}}


def test_times_and_short_words_are_texts(folder: Path) -> None:
    found = read(folder / "desk.yaml", {"KEY": "x"}).document
    assert found["calendar"] == [{"weekday": 1, "opens": "09:00", "closes": "18:00"}]


def test_a_secret_has_no_line_break_of_its_file(folder: Path) -> None:
    (folder / "key").write_text("secret\r\n")
    (folder / "desk.yaml").write_text("desk: d\nsources: {a: {secret: {file: key}}}\n")
    assert read(folder / "desk.yaml").document["sources"] == {"a": {"secret": "secret"}}


@pytest.mark.parametrize(
    ("at", "line"),
    [("/zone", 3), ("/calendar/0/opens", 5), ("/channels/main/config/api_key", 10), ("/operators/a~1b/name", 12),
     ("/operators/a~1b/pools/0", 12), ("/sources/x", 1)],
)  # fmt: skip
def test_a_fault_has_the_line_of_its_member_or_of_what_holds_it(folder: Path, at: str, line: int) -> None:
    assert read(folder / "desk.yaml", {"KEY": "x"}).line(at) == line


def test_a_fault_of_a_playbook_has_the_line_of_its_own_file(folder: Path) -> None:
    found = read(folder / "desk.yaml", {"KEY": "x"})
    said = found.place("/playbooks/callback/task_types/call", "line 7: no such pool")
    assert said == f"{folder / 'callback.yaml'}:7: no such pool"


def test_every_missing_reference_is_named(folder: Path) -> None:
    text = "desk: d\nsources:\n  a: {secret: {env: NONE}}\n  b: {secret: {file: none}}\n"
    assert faults(folder, text) == [
        "desk.yaml:3: /sources/a/secret: the environment has no NONE",
        "desk.yaml:4: /sources/b/secret: none cannot be read: No such file or directory",
    ]


def test_a_member_that_is_given_twice_is_refused(folder: Path) -> None:
    assert faults(folder, "desk: d\npools:\n  a: {role: x}\n  a: {role: y}\n") == [
        "desk.yaml:4: /pools/a: given twice"
    ]


@pytest.mark.parametrize("text", ["", "[]", "title: x", "desk: [a]", "desk: 5"])
def test_a_file_without_a_desk_is_refused(folder: Path, text: str) -> None:
    assert faults(folder, text) == ["desk.yaml:1: a desk file names its desk: `desk: <code>`"]


def test_what_is_no_yaml_is_refused_at_its_line(folder: Path) -> None:
    assert faults(folder, "desk: d\npools: {a\n")[0].startswith("desk.yaml:3: ")
