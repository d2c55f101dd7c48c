"""Invented deliveries as senders send them, read from `formats/samples/<format>/`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlencode, urlsplit

from services.intake.formats import getcourse, landing
from services.intake.formats.rules import Mapped, ParsedOrder, RawRequest, Unreadable

FOLDER = Path(__file__).parent / "formats" / "samples"
Reader: TypeAlias = Callable[[RawRequest, Mapped], ParsedOrder | Unreadable]

LANDING, GETCOURSE = landing.read, getcourse.read
READERS = (LANDING, GETCOURSE)


def sample(name: str) -> dict[str, object]:
    """Return one example as it was written down; `name` is `<format>/<sample>`."""
    document: dict[str, object] = json.loads((FOLDER / f"{name}.json").read_text())
    return document


def raw_of(name: str) -> RawRequest:
    """Return the example as the request that it describes."""
    document = sample(name)
    headers, query = document["headers"], document.get("query")
    in_url = urlsplit(str(document.get("url", ""))).query
    body = document.get("raw") or (json.dumps(document["json"]) if "json" in document else "")
    assert isinstance(headers, dict)
    return RawRequest(
        method=str(document["method"]),
        query=(urlencode(query) if isinstance(query, dict) else in_url).encode(),
        headers={str(key).lower(): str(value) for key, value in headers.items()},
        body=str(body).encode(),
    )
