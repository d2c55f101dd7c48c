"""Answers in Wazzup's shape."""

from dataclasses import dataclass
from uuid import uuid4

from deploy.standins.callbacks import Payload


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; status None closes the connection without a response."""

    status: int | None
    body: Payload | None = None


LOST = Answer(None)


def error(code: str, status: int = 400, data: Payload | None = None) -> Answer:
    """Return an error in Wazzup's shape."""
    request_id = uuid4().hex[:12]
    return Answer(
        status,
        {"status": status, "requestId": request_id, "error": code, "description": code.lower(), "data": data},
    )
