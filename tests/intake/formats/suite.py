"""What the contract suite knows of a format: its samples, and what `expected.json` beside them says of each."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.intake.contacts.rules import Said
from services.intake.formats.base import Format
from services.intake.formats.registry import CONFIGS, FORMATS
from services.intake.formats.rules import Fact, Note, Noted, ParsedItem, ParsedOrder, Reported, Unreadable
from tests.intake.payloads import FOLDER

MOSCOW = ZoneInfo("Europe/Moscow")


def expected(code: str) -> dict[str, dict[str, object]]:
    """Return what is expected of a format: `config`, `secrets`, `replies` by disposition, `facts` by sample."""
    document: dict[str, dict[str, object]] = json.loads((FOLDER / code / "expected.json").read_text())
    return document


def samples(code: str) -> list[str]:
    """Return the names of a format's samples."""
    return sorted(f"{code}/{path.stem}" for path in (FOLDER / code).glob("*.json") if path.stem != "expected")


def made(code: str, **config: object) -> Format:
    """Return a format as its samples need it."""
    said = expected(code)
    secrets = tuple(str(secret) for secret in said["secrets"])
    return FORMATS[code](CONFIGS.validate_python({**said["config"], "format": code, **config}), MOSCOW, secrets)


def shown(fact: Fact) -> dict[str, object]:
    """Return a fact as `expected.json` writes it: what is said, and nothing that is not."""
    match fact:
        case ParsedOrder() | Said():
            said = {"fact": "order" if isinstance(fact, ParsedOrder) else "contact"}
            values = {each.name: plain(getattr(fact, each.name)) for each in fields(fact) if each.compare}
            return {**said, **{name: value for name, value in values.items() if value not in (None, [], {}, False)}}
        case Noted():
            return {"fact": "noted", "kind": fact.kind.value}
        case Reported(heard):
            said = {each.name: getattr(heard, each.name) for each in fields(heard)}
            return {"fact": "reported", **{name: value for name, value in said.items() if value is not None}}
        case Unreadable():
            return {"fact": "unreadable", "reason": fact.reason.value}


def plain(value: object) -> object:
    """Return a value as JSON has it."""
    match value:
        case Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return dict(value)
        case Note():
            return f"{value.field}: {value.code}"
        case ParsedItem():
            price = None if value.price is None else str(value.price)
            return {"title": value.title, "code": value.code, "quantity": value.quantity, "price": price}
        case tuple():
            return [plain(each) for each in value]
        case _:
            return value
