"""What was made of files is made once, and anew when a file or a word has changed."""

from pathlib import Path

import pytest

from tests.support import remembered as place
from tests.support.remembered import CODE, remembered, remembered_of_code


class Program:
    """Returns how many times it has run."""

    def __init__(self, cache: pytest.Cache | None, file: Path) -> None:
        self.cache, self.file, self.runs = cache, file, 0

    def made(self, *words: str) -> int:
        return remembered(self.cache, "made", [self.file], words, self._make)

    def of_code(self) -> int:
        return remembered_of_code(self.cache, "code", self._make, str(self.file))

    def _make(self) -> int:
        self.runs += 1
        return self.runs


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "of.ts").write_text("first")
    return tmp_path / "of.ts"


@pytest.fixture
def program(request: pytest.FixtureRequest, file: Path) -> Program:
    return Program(pytest.Cache(file.parent / "cache", request.config, _ispytest=True), file)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout."""
    for top in CODE:
        (tmp_path / top).mkdir()
    for name in ("services/app.py", "requirements.lock"):
        (tmp_path / name).write_text("first")
    monkeypatch.setattr(place, "ROOT", tmp_path)
    return tmp_path


def test_what_is_the_same_is_made_once(program: Program) -> None:
    assert [program.made("24"), program.made("24")] == [1, 1]


def test_a_changed_file_is_made_anew(program: Program, file: Path) -> None:
    first = program.made("24")
    file.write_text("second")
    assert (first, program.made("24")) == (1, 2)


def test_another_file_of_the_same_text_is_made_anew(program: Program, file: Path) -> None:
    first = program.made("24")
    program.file = file.rename(file.with_name("other.ts"))
    assert (first, program.made("24")) == (1, 2)


def test_another_version_makes_it_anew(program: Program) -> None:
    assert [program.made("24"), program.made("25")] == [1, 2]


def test_without_a_cache_it_is_made_each_time(file: Path) -> None:
    program = Program(None, file)
    assert [program.made(), program.made()] == [1, 2]


def test_of_the_code_any_file_counts(program: Program, tree: Path) -> None:
    runs = [program.of_code(), program.of_code()]
    (tree / "services" / "app.py").write_text("second")
    assert [*runs, program.of_code()] == [1, 1, 2]


def test_of_the_code_the_file_that_makes_it_counts(program: Program, tree: Path, file: Path) -> None:
    del tree
    first = program.of_code()
    file.write_text("second")
    assert (first, program.of_code()) == (1, 2)


@pytest.mark.parametrize("name", ["libs/rules.yaml", "deploy/shape.json", "services/about.md", "requirements.lock"])
def test_of_the_code_settings_texts_and_packages_count(program: Program, tree: Path, name: str) -> None:
    first = program.of_code()
    (tree / name).write_text("second")
    assert (first, program.of_code()) == (1, 2)
