"""A folder as a store of objects, which the processes that use it share; its files are for their user alone."""

import asyncio
from datetime import timedelta
from pathlib import Path

from libs.common.platform.files import write_whole
from libs.common.platform.objects.port import ObjectsError, Presented


class Folder:
    """Objects as files. How they are presented is said by who serves them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, key: str, content: bytes, presented: Presented) -> None:
        del presented
        await asyncio.to_thread(self._write, key, content)

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._remove, key)

    async def link(self, key: str, lasts: timedelta) -> str | None:
        del key, lasts
        return None

    def file(self, key: str) -> Path | None:
        path = self._path / key
        return path if path.is_file() else None

    def _write(self, key: str, content: bytes) -> None:
        path = self._path / key
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, content, 0o600)
        except OSError as error:
            raise ObjectsError(type(error).__name__) from error

    def _remove(self, key: str) -> None:
        path = self._path / key
        try:
            for each in (path, path.with_name(f"{path.name}.new")):
                each.unlink(missing_ok=True)
        except OSError as error:
            raise ObjectsError(type(error).__name__) from error
