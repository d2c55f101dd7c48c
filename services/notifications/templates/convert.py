"""Template versions between JSON, as they are stored and sent, and the domain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import asyncpg

from libs.common.domain.placeholders import PlaceholderType
from services.notifications.providers.values import Button, TemplateParts
from services.notifications.templates.rules import Registered, Variant, Version

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Wording:
    """What a version says, as it is stored: texts, what differs by kind of channel, types, and its situation."""

    bodies: Mapping[str, str]
    variants: Json = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    situation: str | None = None

    @property
    def version(self) -> Version:
        """The version that would say it."""
        return Version(0, self.bodies, variants_of(self.variants), types_of(self.types))


def stored(row: Json) -> Wording:
    """Return what a stored version says."""
    bodies, types = cast("Mapping[str, str]", row["bodies"]), cast("Mapping[str, str]", row["types"])
    return Wording(bodies, cast("Json", row["variants"]), types, cast("str | None", row["situation"]))


def types_of(found: Mapping[str, str]) -> dict[str, PlaceholderType]:
    """Return the types of placeholders; they were checked when they came."""
    return {name: PlaceholderType(kind) for name, kind in found.items()}


def version_of(row: asyncpg.Record) -> Version:
    """Return a stored version."""
    return Version(row["version"], row["bodies"], variants_of(row["variants"]), types_of(row["types"]))


def variants_of(found: Json) -> dict[str, Variant]:
    """Return the variants of a version, by kind of channel; they were checked when they came."""
    return {kind: _variant(cast("Json", one)) for kind, one in found.items()}


def _variant(found: Json) -> Variant:
    registered = found.get("registered")
    bodies = cast("Mapping[str, str]", found.get("bodies") or {})
    known = None if registered is None else _registered(cast("Json", registered))
    return Variant(bodies, known, cast("bool", found.get("marketing", False)))


def _registered(found: Json) -> Registered:
    return Registered(
        cast("str", found["name"]),
        cast("Mapping[str, str]", found["languages"]),
        tuple(cast("list[str]", found["parameters"])),
        _buttons(found),
        cast("bool", found["marketing"]),
    )


def parts_of(found: Json | None) -> TemplateParts | None:
    """Return the filled template of a message as it is sent."""
    if found is None:
        return None
    name, language = cast("str", found["name"]), cast("str", found["language"])
    return TemplateParts(name, language, tuple(cast("list[str]", found["parameters"])), _buttons(found))


def parts_as_json(parts: TemplateParts) -> dict[str, object]:
    """Return the filled template of a message as it is stored."""
    buttons = [{"kind": button.kind, "payload": button.payload} for button in parts.buttons]
    return {
        "name": parts.name,
        "language": parts.language,
        "parameters": list(parts.parameters),
        "buttons": buttons,
    }


def _buttons(found: Json) -> tuple[Button, ...]:
    return tuple(Button(**one) for one in cast("list[dict[str, str]]", found["buttons"]))
