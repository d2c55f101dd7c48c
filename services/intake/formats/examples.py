"""What the examples of all formats say: an invented person who orders a cream."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import orjson

from services.intake.formats.rules import Json, RawRequest

#: By our fields; the number is no person's.
EXAMPLE: Mapping[str, str] = {
    "external_id": "example-1",
    "external_number": "example-1",
    "name": "Анна Пример",
    "first_name": "Анна",
    "last_name": "Пример",
    "phone": "8 900 000-00-01",
    "email": "anna@example.org",
    "product": "Крем",
    "positions": "Крем",
    "quantity": "1",
    "price": "1 990",
    "amount": "1 990,00",
}


def example_fields(sample: Mapping[str, str], field_map: Mapping[str, str | Sequence[str]]) -> dict[str, str]:
    """Return an example's fields under the names of the source's map, else under those of the format's sample."""
    mapped = {ours: place if isinstance(place, str) else place[0] for ours, place in field_map.items() if place}
    return {name: EXAMPLE[ours] for ours, name in {**sample, **mapped}.items() if ours in EXAMPLE}


def form_of(fields: Mapping[str, str]) -> RawRequest:
    """Return fields as a form."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return RawRequest("POST", b"", headers, urlencode(fields).encode())


def json_of(document: Json) -> RawRequest:
    """Return a document as JSON."""
    return RawRequest("POST", b"", {"content-type": "application/json"}, orjson.dumps(document))
