"""`--pure` leaves out a file in which every test needs a server, and no other, however the files change."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import SERVER_FILES, _uses_servers
from tests.support.pure import ServerFiles

FILES = {
    "tests/test_all.py": "from tests.rows import rows",
    "tests/test_some.py": "from tests.test_shared import made",
    "tests/test_shared.py": "made = 1",
    "tests/conftest.py": "fixtures = 1",
    "tests/rows.py": "rows = 1",
    "libs/common/testkit/issuer.py": "issuer = 1",
}
SEEN = {"tests/test_all.py": [True, True], "tests/test_some.py": [True, False], "tests/test_shared.py": [True]}


@pytest.fixture
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> pytest.Cache:
    return pytest.Cache(tmp_path / "cache", request.config, _ispytest=True)


@pytest.fixture
def root(cache: pytest.Cache, tmp_path: Path) -> Path:
    """A tree whose tests an earlier run has seen."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    learn(cache, tmp_path, SEEN)
    return tmp_path


def learn(cache: pytest.Cache, root: Path, seen: Mapping[str, list[bool]]) -> None:
    ServerFiles(cache, root).learn((root / name, needs) for name, all_of in seen.items() for needs in all_of)


def left_out(cache: pytest.Cache | None, root: Path) -> list[str]:
    files = ServerFiles(cache, root)
    return [name for name in FILES if root / name in files]


def test_a_file_is_left_out_in_which_every_test_needs_a_server(cache: pytest.Cache, root: Path) -> None:
    assert left_out(cache, root) == ["tests/test_all.py", "tests/test_shared.py"]


def test_a_changed_file_is_imported_again(cache: pytest.Cache, root: Path) -> None:
    (root / "tests/test_all.py").write_text("def test_pure(): ...")
    assert left_out(cache, root) == ["tests/test_shared.py"]


@pytest.mark.parametrize(
    "name", [name for name in FILES if name not in ("tests/test_all.py", "tests/test_some.py")]
)
def test_all_are_imported_again_where_what_tests_import_has_changed(
    cache: pytest.Cache, root: Path, name: str
) -> None:
    (root / name).write_text("changed = 1")
    assert left_out(cache, root) == []


def test_what_a_run_does_not_see_stays_known(cache: pytest.Cache, root: Path) -> None:
    learn(cache, root, {"tests/test_some.py": [True]})
    assert left_out(cache, root) == ["tests/test_all.py", "tests/test_some.py", "tests/test_shared.py"]


def test_a_file_outside_the_checkout_is_imported_and_not_learnt(cache: pytest.Cache, root: Path) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    before = left_out(cache, root)
    learn(cache, root, {str(link / name): [True] for name in FILES})
    assert [name for name in FILES if link / name in ServerFiles(cache, root)] == []
    assert left_out(cache, root) == before


def test_a_file_beside_those_that_tests_import_is_not_learnt(cache: pytest.Cache, root: Path) -> None:
    before = left_out(cache, root)
    (root / "test_beside.py").write_text("def test_with_a_server(): ...")
    learn(cache, root, {"test_beside.py": [True]})
    assert (root / "test_beside.py" in ServerFiles(cache, root), left_out(cache, root)) == (False, before)


def test_a_run_without_a_cache_imports_all(root: Path) -> None:
    assert left_out(None, root) == []


@pytest.mark.servers  # in this run alone all files are imported
def test_no_test_that_needs_no_server_is_left_out(request: pytest.FixtureRequest) -> None:
    files = request.config.stash[SERVER_FILES]
    assert [item.nodeid for item in request.session.items if item.path in files and not _uses_servers(item)] == []
