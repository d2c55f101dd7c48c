"""What Schemathesis must know of our APIs: playbooks are texts, cursors come from lists, rules may refuse."""

import re
from typing import Any

import schemathesis

from libs.common.platform.http.faults import SHAPES

#: Refusals of a request whose shape is right: made-up versions, cursors and keys, and rules of the state.
_FAIR = {"stale_version", "invalid_cursor", "idempotency_key_reused", "subscription_refused", "invalid_playbook",
         "outcome_refused", "event_refused"}  # fmt: skip
#: One of several parameters must be given, which OpenAPI cannot say.
_ONE_OF = {("/lead_id", "missing")}
_CONFIG = re.compile(r"/config(/|$)")
_REFUSED = {400, 412, 415, 422}
#: Read by the same code wherever they stand.
_SHARED = {"Idempotency-Key", "If-None-Match", "If-Match", "Accept-Language", "cursor", "limit", "desk"}


@schemathesis.serializer("application/yaml")
def as_text(_: schemathesis.SerializationContext, value: object) -> bytes:
    """Send a playbook as the text that it is."""
    return value.encode() if isinstance(value, str) else b""


@schemathesis.check
def rules_alone(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Fail if a request that the schema allows is refused because of its shape."""
    is_allowed = case.meta is not None and case.meta.generation.mode.is_positive
    if not is_allowed or response.status_code not in _REFUSED:
        return
    problem: dict[str, Any] = response.json()
    faults = [fault for fault in problem.get("errors", []) if (fault["pointer"], fault["code"]) not in _ONE_OF]
    # What stands in `config` is judged by the source's format or the channel's provider.
    shapes = [fault for fault in faults if fault["code"] in SHAPES and not _CONFIG.search(fault["pointer"])]
    if problem["code"] not in _FAIR and (shapes or not problem.get("errors")):
        raise AssertionError(f"the schema allows what is refused as {problem['code']}: {shapes}")


@schemathesis.hook
def before_load_schema(_: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Leave a parameter that all operations read by the same code to the first one that has it."""
    met: set[str] = set()
    for operation in (each for item in raw_schema["paths"].values() for each in item.values()):
        given = [(one, _resolved(one, raw_schema)) for one in operation.get("parameters", [])]
        left = [(one, said) for one, said in given if said.get("required") or said["name"] not in _SHARED & met]
        operation["parameters"] = [one for one, _ in left]
        met |= {said["name"] for _, said in left}


def _resolved(parameter: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    place = parameter.get("$ref", "").rpartition("/")[2]
    return document["components"]["parameters"][place] if place else parameter
