"""Invented deliveries as providers send them, read from `payloads/`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlencode

from services.intake.formats import getcourse, landing
from services.intake.formats.rules import Mapped, ParsedOrder, RawRequest, Unreadable

FOLDER = Path(__file__).parent / "payloads"
Reader: TypeAlias = Callable[[RawRequest, Mapped], ParsedOrder | Unreadable]

LANDING, GETCOURSE = landing.read, getcourse.read
READERS = (LANDING, GETCOURSE)


def sample(name: str) -> dict[str, object]:
    """Return one example as it was written down."""
    document: dict[str, object] = json.loads((FOLDER / f"{name}.json").read_text())
    return document


def raw_of(name: str) -> RawRequest:
    """Return the example as the request that it describes."""
    document = sample(name)
    query, headers, body = document.get("query"), document["headers"], document.get("raw", "")
    assert isinstance(headers, dict)
    return RawRequest(
        method=str(document["method"]),
        query=urlencode(query).encode() if isinstance(query, dict) else b"",
        headers={str(key).lower(): str(value) for key, value in headers.items()},
        body=str(body).encode(),
    )
