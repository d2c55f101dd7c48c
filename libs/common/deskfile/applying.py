"""Plan everywhere, then apply in order; what one service refuses is taken back at those before it.

A plan names every fault of the file: a service judges its part in stages, and is asked again for what it has not
refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from libs.common.deskfile.names import wrong_names
from libs.common.deskfile.reading import BadFileError, DeskFile, Document
from libs.common.deskfile.services import (
    MEMBERS,
    Answer,
    Part,
    RefusedError,
    joined,
    part_of,
    unknown_members,
    without,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applying a file has changed, by service."""

    answers: Mapping[str, Answer]

    def said(self, service: str, name: str) -> Document:
        """Return a member of a service's answer that is an object, empty if it has none."""
        found = self.answers[service].said.get(name) or {}
        assert isinstance(found, dict)  # noqa: S101 - the service's own answer
        return found


class FailedError(Exception):
    """A service refused what it had planned; `taken_back` says what became of those before it."""

    def __init__(self, refused: RefusedError, lines: list[str], taken_back: Mapping[str, str]) -> None:
        super().__init__(str(refused))
        self.lines, self.taken_back = lines, taken_back


async def plan(client: httpx.AsyncClient, file: DeskFile) -> Mapping[str, Answer]:
    """Plan at every service. Raises BadFileError with every fault of the file; nothing is changed."""
    lines = [file.place(f"/{name}", "no such member of a desk file") for name in unknown_members(file.document)]
    lines += [file.place(at, detail) for at, detail in file.faults]
    readable = without(file.document, [at for at, _ in file.faults])
    plans: dict[str, Answer] = {}
    for service in MEMBERS:
        answer, refusals = await _judged(Part(client, service, file.desk), part_of(service, readable))
        lines += [line for refused in refusals for line in _lines(file, refused)]
        plans |= {} if answer is None else {service: answer}
    lines += [file.place(fault.at, fault.detail) for fault in wrong_names(file.document, plans)]
    if lines:
        raise BadFileError(list(dict.fromkeys(lines)))
    return plans


async def _judged(part: Part, document: Document) -> tuple[Answer | None, list[RefusedError]]:
    """Return the plan of what a service does not refuse, None without any, and its refusals of the rest."""
    refusals: list[RefusedError] = []
    while True:
        try:
            return await part.plan(document), refusals
        except RefusedError as error:
            refusals.append(error)
            rest = without(document, [fault.at for fault in error.faults])
            if rest == document:
                return None, refusals
            document = rest


async def apply(client: httpx.AsyncClient, file: DeskFile, plans: Mapping[str, Answer]) -> Outcome:
    """Apply what was planned. Raises FailedError; the desk is then as it was, or as `taken_back` says."""
    done: dict[str, Answer] = {}
    for service in MEMBERS:
        part = Part(client, service, file.desk)
        try:
            done[service] = await part.apply(part_of(service, file.document), plans[service].tag)
        except (RefusedError, httpx.HTTPError) as error:
            refused = error if isinstance(error, RefusedError) else RefusedError(service, 0, repr(error), ())
            raise FailedError(refused, _lines(file, refused), await _take_back(client, file, done)) from error
    return Outcome(done)


async def export(client: httpx.AsyncClient, desk: str) -> Document:
    """Return all that a desk has, as the document of a file without secrets. Raises RefusedError."""
    parts = [await Part(client, service, desk).export() or {} for service in MEMBERS]
    return {"desk": desk, **joined(parts)}


async def _take_back(client: httpx.AsyncClient, file: DeskFile, done: Mapping[str, Answer]) -> Mapping[str, str]:
    """Give services what they had before, the last one first; return what became of each."""
    taken: dict[str, str] = {}
    for service, answer in reversed(list(done.items())):
        if not answer.changes:
            continue
        if answer.before is None:
            taken[service] = "the desk is new there and stays"
            continue
        part = Part(client, service, file.desk)
        try:
            planned = await part.plan(answer.before)
            await part.apply(answer.before, planned.tag)
            taken[service] = "as before"
        except (RefusedError, httpx.HTTPError) as error:
            taken[service] = f"still changed: {error}"
    return taken


def _lines(file: DeskFile, error: RefusedError) -> list[str]:
    if not error.faults:
        return [f"{file.path}: {error}"]
    return [file.place(fault.at, fault.detail) for fault in error.faults]
