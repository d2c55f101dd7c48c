"""What a format says: the protocol and its values. Nothing of any format, and no I/O.

A format is one shape of deliveries with one source's configuration: it proves the sender, reads the bytes, knows a
retry and says what the sender wants to hear. `deliveries` does everything else, the same for all.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from services.intake.deliveries.rules import DeliveryKind, Disposition
from services.intake.formats.config import FormatConfig
from services.intake.formats.content import digest_of
from services.intake.formats.rules import Fact, Note, RawRequest, Reason


class Proof(StrEnum):
    """Whether a request proves its sender: not, or by the current or an earlier secret."""

    REFUSED = "refused"
    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """What became of a part of a delivery; one that was not taken is `quarantined`, of no kind, with its reason."""

    kind: DeliveryKind | None
    disposition: Disposition
    lead_id: UUID | None = None
    order_number: str | None = None
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a delivery, once it is committed; `parts` when it had several, in their order."""

    delivery_id: UUID
    disposition: Disposition
    lead_id: UUID | None = None
    order_number: str | None = None
    reason: Reason | None = None
    parts: tuple[PartAnswer, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender gets to hear."""

    status: int
    body: bytes = b""
    media: str = "text/plain; charset=utf-8"


OK = Reply(200, b"ok")


@dataclass(frozen=True)
class Format(ABC):
    """One format with one source's configuration. `secrets`: those that are valid now, the newest first.

    `weak_ids`: two customers may come with one identifier, because a page's script or its owner makes it.
    `numbers_are_ids`: an order's number is unique in its account, and may come without its id.
    `token_fields`: names of form fields that hold the shared token; they are masked where a delivery is kept.
    """

    config: FormatConfig
    zone: ZoneInfo
    secrets: tuple[str, ...] = ()

    code: ClassVar[str]
    Config: ClassVar[type[FormatConfig]]
    weak_ids: ClassVar[bool] = True
    numbers_are_ids: ClassVar[bool] = False
    token_fields: ClassVar[tuple[str, ...]] = ()

    @property
    def ways(self) -> tuple[str, ...]:
        """How a request may prove its sender, for who has not."""
        fields = tuple(f"form field {name}" for name in self.token_fields)
        return ("header X-Source-Token", "?token= in the address", "password of HTTP Basic", *fields)

    @abstractmethod
    def verify(self, raw: RawRequest) -> Proof:
        """Return whether the request proves its sender, in constant time. Raises nothing."""

    @abstractmethod
    def example(self, at: datetime) -> RawRequest:
        """Return a request as this source's sender makes it, of an invented person; it proves no sender."""

    @abstractmethod
    def read(self, raw: RawRequest) -> tuple[Fact, ...]:
        """Return what a request says, at least one fact. Pure and total: no content raises."""

    def repeat_key(self, raw: RawRequest) -> str | None:
        """Return what all retries of one request carry and no other request does. Raises nothing.

        A request with a known key is a repeat, also when the state has changed since (P.2).
        """
        del raw
        return None

    def digest(self, raw: RawRequest) -> str:
        """Return a digest of what a request says: the same for a retry that carries nothing of its own."""
        return digest_of(raw)

    def reply(self, answer: Answer) -> Reply:
        """Return what the sender wants to hear of its delivery, which is on disk."""
        return as_json(answer)


def as_json(answer: Answer) -> Reply:
    """Return our own answer; `facts` say what became of each part, when there are several."""
    document: dict[str, object] = {
        "delivery_id": str(answer.delivery_id),
        "lead_id": str(answer.lead_id) if answer.lead_id else None,
        "order_number": answer.order_number,
        "disposition": answer.disposition,
        "reason": answer.reason,
        "notes": [note.as_json() for note in answer.notes],
    }
    if answer.parts:
        document["facts"] = [
            {
                "kind": part.kind,
                "disposition": part.disposition,
                "lead_id": str(part.lead_id) if part.lead_id else None,
                "order_number": part.order_number,
                "reason": part.reason,
            }
            for part in answer.parts
        ]
    return Reply(202, orjson.dumps(document), "application/json")
