import stat
from pathlib import Path

import pytest

from libs.common.platform.files import write_whole
from libs.common.testkit.issuer import TokenIssuer


def test_what_is_written_is_there_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_whole(path, "one", 0o600)
    write_whole(path, b"two", 0o600)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("two", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_what_was_there_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("whole")
    (tmp_path / "secret.new").symlink_to("/dev/full")
    with pytest.raises(OSError, match=rf"No space left on device: '{path}'"):
        write_whole(path, "x" * 10_000)
    assert path.read_text() == "whole"


def test_an_issuer_without_its_public_set_makes_it_again(tmp_path: Path) -> None:
    first = TokenIssuer.in_folder(tmp_path)
    (tmp_path / "jwks.json").unlink()
    second = TokenIssuer.in_folder(tmp_path)
    assert first.jwks() == second.jwks()
    assert (tmp_path / "jwks.json").exists()
