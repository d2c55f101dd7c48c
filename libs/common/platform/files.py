"""Files that are written whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write beside `path` and rename: a crash or a full disk leaves the old file. Raises OSError with a path."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        with open(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode), "wb") as file:  # noqa: PTH123 - private from its first byte
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        error.filename = error.filename or str(path)
        raise
