"""What tests and checkers ask of any stand-in: its journal, its chances, failures on demand."""

from dataclasses import asdict, fields
from typing import Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.faults import PROFILES, Dice, Failure, Mode, Profile
from deploy.standins.journal import Journal


class Controlled(Protocol):
    """A stand-in with its dice and its journal; `waiting`: callbacks that are not delivered yet."""

    @property
    def dice(self) -> Dice: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def waiting(self) -> int: ...


def control_routes(standin: Controlled) -> list[Route]:
    """Return `/_journal` and `/_control` of one stand-in."""

    async def journal(request: Request) -> Response:
        chat_id = request.query_params.get("chat_id")
        entries = [e for e in standin.journal.entries.values() if chat_id in (None, e.chat_id)]
        return as_json({"items": entries, "twice": standin.journal.twice(), "waiting": standin.waiting})

    async def control(request: Request) -> Response:
        """Change the profile (`{"profile": "kind", "chances": {"lose_answer": 0.1}}`) or order failures."""
        dice = standin.dice
        body = (await object_of(request) or {}) if request.method == "POST" else {}
        try:
            dice.profile = _profile(body, dice.profile)
            if "failures" in body:
                dice.failures = _failures(body["failures"])
        except (KeyError, TypeError, ValueError) as reason:
            return as_json({"error": str(reason)}, 422)
        return as_json({"profile": asdict(dice.profile), "failures": dice.failures})

    return [Route("/_journal", journal), Route("/_control", control, methods=["GET", "POST"])]


def as_json(value: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(orjson.dumps(value), status, media_type="application/json")


async def object_of(request: Request) -> dict[str, object] | None:
    """Return the body's JSON object, or None."""
    try:
        value = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _profile(body: dict[str, object], current: Profile) -> Profile:
    chances = body.get("chances", {})
    known = {item.name for item in fields(Profile)} - {"name"}
    if not isinstance(chances, dict) or not known.issuperset(chances):
        raise ValueError(f"chances are {sorted(known)}")
    return PROFILES[str(body.get("profile", current.name))].changed(
        {**({} if "profile" in body else _figures(current)), **chances}
    )


def _figures(profile: Profile) -> dict[str, float]:
    return {name: value for name, value in asdict(profile).items() if name != "name"}


def _failures(wanted: object) -> list[Failure]:
    if not isinstance(wanted, list):
        raise TypeError("failures are a list")
    return [Failure(Mode(item.pop("mode")), str(item.pop("value", "")), **item) for item in wanted]
