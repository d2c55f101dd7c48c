"""Files of a frozen state, and the check of the packages that a release runs on."""

from pathlib import Path

import pytest

from tests.upgrade import frozen
from tests.upgrade.release import other_packages


@pytest.mark.parametrize(("size", "file"), [(10, "it"), (frozen.PLAIN + 1, "it.gz")])
def test_a_large_file_is_kept_compressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, file: str
) -> None:
    monkeypatch.setattr(frozen, "FOLDER", tmp_path)
    for content in (b"b" * (frozen.PLAIN + 11 - size), b"a" * size):
        frozen.write("it", content)
    assert frozen.read("it") == b"a" * size
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_packages_that_differ_from_the_lock_of_the_release_are_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(
        f"pytest=={pytest.__version__} \\\n    --hash=sha256:1\nhttpx==0.0.1\nof-another-platform==1\n"
    )
    (line,) = other_packages(tmp_path)
    assert line.startswith("httpx ")
    assert line.endswith(" instead of 0.0.1")
