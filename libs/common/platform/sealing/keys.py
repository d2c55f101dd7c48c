"""AES-256-GCM with a random nonce. The associated data are table, column and row: a value opens nowhere else.

A stored value is `v1.<key>.<base64 of nonce and ciphertext>`. Keys are given as `id:base64` with white space or
commas between; the first one seals, all of them open.
"""

import base64
import binascii
import os
import re
from dataclasses import dataclass
from typing import Self
from uuid import UUID

_VERSION = "v1"
_NONCE = 12  # bytes
_KEY = 32
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class MissingKeyError(ValueError):
    """Values are sealed with keys that are not given; the message names them."""

    def __init__(self, ids: set[str]) -> None:
        super().__init__(f"DATA_KEYS lacks the keys that stored secrets are sealed with: {', '.join(sorted(ids))}")


class BrokenSealError(ValueError):
    """A value was changed, or stands in another place than it was sealed for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands."""

    table: str
    column: str
    row_id: UUID

    def associated(self) -> bytes:
        """Return the associated data."""
        return f"{self.table}.{self.column}.{self.row_id}".encode()


class DataKeys:
    """The keys of one service. The representation shows none."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        """Raises ValueError when there is none."""
        if not keys:
            raise ValueError("give at least one key as id:base64")
        # Loaded where there are keys: 9 MB, which two of four workers have no use for.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.first = next(iter(keys))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `id:base64 …`. Raises ValueError that quotes no key."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(re.split(r"[\s,]+", text.strip()), 1):
            key_id, _, encoded = entry.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                key = b""
            if not _ID.fullmatch(key_id) or len(key) != _KEY:
                raise ValueError(f"key {number} is not id:base64 of {_KEY} bytes")
            if key_id in keys:
                raise ValueError(f"key {key_id} is given twice")
            keys[key_id] = key
        return cls(keys)

    def __repr__(self) -> str:
        return f"DataKeys({', '.join(self._keys)})"

    def require(self, ids: set[str]) -> None:
        """Raises MissingKeyError when one of the keys is not given."""
        if missing := ids - self._keys.keys():
            raise MissingKeyError(missing)

    def seal(self, text: str, place: Place) -> str:
        """Return the stored form of a text, sealed with the first key."""
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self.first].encrypt(nonce, text.encode(), place.associated())
        return f"{self.prefix}{base64.b64encode(nonce + sealed).decode()}"

    def open(self, stored: str, place: Place) -> str:
        """Return the text. Raises MissingKeyError, BrokenSealError."""
        key_id = key_of(stored)
        self.require({key_id})
        from cryptography.exceptions import InvalidTag

        try:
            whole = base64.b64decode(stored.rpartition(".")[2], validate=True)
            return self._keys[key_id].decrypt(whole[:_NONCE], whole[_NONCE:], place.associated()).decode()
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise BrokenSealError(f"a value of {place.table} cannot be opened: {type(error).__name__}") from None

    @property
    def prefix(self) -> str:
        """The beginning of every value that is sealed with the first key."""
        return f"{_VERSION}.{self.first}."


def key_of(stored: str) -> str:
    """Return the key that a stored value names. Raises BrokenSealError."""
    version, _, rest = stored.partition(".")
    key_id, dot, _ = rest.partition(".")
    if version != _VERSION or not dot:
        raise BrokenSealError("not a sealed value")
    return key_id


def new_key(key_id: str) -> str:
    """Return a fresh key as it is given to a service."""
    return f"{key_id}:{base64.b64encode(os.urandom(_KEY)).decode()}"
