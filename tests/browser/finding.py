"""Which browser `make browser` drives: never one that is downloaded for the tests alone."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping

PACKAGE = "chromium-headless-shell"  # Debian's; its command has the same name
NO_BROWSER = (
    f"make browser needs a Chromium: set CHROME to the path of one (CHROME=/usr/bin/chromium make browser), "
    f"or run it as root on Debian, where it installs {PACKAGE}"
)


class NoBrowserError(RuntimeError):
    """There is none, and none can be had; the message says what to do."""


def find(environ: Mapping[str, str], install: Callable[[], None] | None) -> str:
    """Return the path of `CHROME`, else of Debian's package, which `install` puts there unless it is None.

    Raises NoBrowserError.
    """
    named = environ.get("CHROME")
    if named:
        if found := shutil.which(named):
            return found
        raise NoBrowserError(f"CHROME names no program: {named}")
    if not (found := shutil.which(PACKAGE, path=environ.get("PATH"))) and install:
        install()
        found = shutil.which(PACKAGE, path=environ.get("PATH"))
    if not found:
        raise NoBrowserError(NO_BROWSER)
    return found


def installer() -> Callable[[], None] | None:
    """Return how Debian's package is installed here; None where that cannot be done."""
    return _install if _is_debian() and os.geteuid() == 0 else None


def _is_debian() -> bool:
    try:
        return platform.freedesktop_os_release()["ID"] == "debian"
    except OSError:
        return False


def _install() -> None:
    """Install the package, and show what apt-get says only when that fails. Raises NoBrowserError."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update, install = ["update"], ["install", "--yes", "--no-install-recommends", PACKAGE]
    for words in (update, install):
        done = subprocess.run(
            ["/usr/bin/apt-get", "-qq", *words], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NoBrowserError(f"apt-get {words[0]} failed: {(done.stderr or done.stdout).strip()}\n{NO_BROWSER}")
