"""Faults of a playbook: what is wrong, and on which line (P.4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class PlaybookFault:
    """A fault of a playbook; `line` counts from 1, `path` is a JSON pointer."""

    line: int
    path: str
    code: str
    detail: str


class WrongPartError(ValueError):
    """The fields of one part do not go together; `code` is machine-readable, the text says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at a path of the playbook."""

    path: str
    code: str
    detail: str
