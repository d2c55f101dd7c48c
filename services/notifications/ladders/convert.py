"""Rungs as they are stored with a message, and back."""

from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from services.notifications.ladders.rules import Passed, Rung
from services.notifications.templates.convert import parts_as_json, parts_of
from services.notifications.templates.rules import Rendered

Json = Mapping[str, object]


def rungs_as_json(rungs: Sequence[Rung]) -> tuple[dict[str, object], ...]:
    """Return rungs that are still to be tried."""
    return tuple(
        {
            "number": rung.number,
            "channel_id": str(rung.channel_id),
            "kind": rung.kind,
            "provider": rung.provider,
            "address": rung.address,
            "text": rung.rendered.text,
            "language": rung.rendered.language,
            "parts": None if rung.rendered.parts is None else parts_as_json(rung.rendered.parts),
            "marketing": rung.marketing,
        }
        for rung in rungs
    )


def rungs_of(found: Sequence[Json]) -> tuple[Rung, ...]:
    """Return stored rungs."""
    return tuple(
        Rung(
            cast("int", one["number"]),
            UUID(cast("str", one["channel_id"])),
            cast("str", one["kind"]),
            cast("str", one["provider"]),
            cast("str", one["address"]),
            Rendered(
                cast("str", one["text"]), cast("str", one["language"]), parts_of(cast("Json | None", one["parts"]))
            ),
            cast("bool", one["marketing"]),
        )
        for one in found
    )


def passed_as_json(passed: Sequence[Passed]) -> tuple[dict[str, object], ...]:
    """Return rungs that are over."""
    return tuple(
        {"number": one.number, "kind": one.kind, "provider": one.provider, "code": one.code} for one in passed
    )


def passed_of(found: Sequence[Json]) -> tuple[Passed, ...]:
    """Return stored rungs that are over."""
    return tuple(
        Passed(
            cast("int", one["number"]),
            cast("str", one["kind"]),
            cast("str", one["provider"]),
            cast("str", one["code"]),
        )
        for one in found
    )
