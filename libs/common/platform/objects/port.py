"""What a store of objects does. An object is written whole or not at all; writing it again replaces it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr


class ObjectsError(Exception):
    """The store did not do it, or did not say so; the message names no key and no secret."""


@dataclass(frozen=True, slots=True)
class Presented:
    """How a browser gets an object: its type, and the disposition with which it is shown or saved."""

    type: str
    disposition: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket is, and who may use it."""

    endpoint: str
    name: str
    region: str
    key: str
    secret: SecretStr


class Objects(Protocol):
    """A store of objects. A key is a path of ASCII words, digits and dashes. All raise ObjectsError."""

    async def put(self, key: str, content: bytes, presented: Presented) -> None:
        """Write an object."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object, and what an interrupted write of it may have left; one that is not there is removed."""
        ...

    async def link(self, key: str, lasts: timedelta) -> str | None:
        """Return an address that alone gives the object out for so long; None: it is read by `file`."""
        ...

    def file(self, key: str) -> Path | None:
        """Return where the object is on this machine; None: it is not there, or elsewhere."""
        ...
