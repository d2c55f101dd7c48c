"""Write what is said of events (schemas, examples, docs): `python -m libs.common.contracts.export [--release]`.

The files are committed. With `--release` the schemas are also frozen in `released/`: from then on a breaking
change of a type stops the export. Publish a new type instead.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from libs.common.contracts import asyncapi
from libs.common.contracts.compatibility import Json, Schema, breaks, inlined
from libs.common.contracts.envelope import EventData
from libs.common.contracts.registry import REGISTRY
from libs.common.contracts.samples import BY_NAME, MOMENT, uuid_of

HERE = Path(__file__).parent
RELEASED = HERE / "released"

#: Lines of `broken()` that are accepted: new values of an enum that every reader in production knows already.
KNOWN_TO_READERS: frozenset[str] = frozenset()
#: Lines of `broken()` that are accepted because nothing is lost by them, each with its reason: an older reader
#: parks the event with its key, and reads it by itself once it is upgraded (docs/adr/0007).
READ_AFTER_UPGRADE: Mapping[re.Pattern[str], str] = {
    re.compile(
        r"dozvon\.(task|work|message)\.\w+\.v1 \$\.lead_id: "
        r"(is no longer required|newly allows .+|type was 'string', is None|format was 'uuid', is None)"
    ): "a task, its work and its messages may be of another subject than a lead",
    re.compile(
        r"dozvon\.(order\.changed|lead\.received)\.v1 \$\.(from_status|to_status|order_status): "
        r"value (confirmed|refused|invalid|done|cancelled_by_partner|reserved|awaiting_goods|refunded) is new"
    ): "statuses of orders that the desks of S0, S1 and S3 and refunds (S4.14) need",
    re.compile(
        r"dozvon\.lead\.(received|updated)\.v1 \$\.signals\[\]: "
        r"value (duplicate|obscene_name|do_not_call|uncertain) is new"
    ): "what intake recognises for S1.9, S1.10 and P.14, and what it could not read for certain",
}
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(model: type[EventData]) -> dict[str, Json]:
    """Return the JSON Schema of a payload as it goes over the wire."""
    schema = model.model_json_schema(mode="serialization")
    return {"$schema": DRAFT, "$id": f"urn:{model.event_type}", **schema}


def example_of(model: type[EventData]) -> dict[str, Json]:
    """Return a full payload of the type, the same at every call."""
    schema = schema_of(model)
    value = _value(inlined(schema, schema), "")
    made: dict[str, Json] = model.model_validate(value).model_dump(mode="json")
    return made


def schema_path(event_type: str) -> Path:
    """Return where the schema of a type is committed."""
    return HERE / "schemas" / f"{event_type}.json"


def example_path(event_type: str) -> Path:
    """Return where the example of a type is committed."""
    return HERE / "examples" / f"{event_type}.json"


def as_text(document: Mapping[str, Json]) -> str:
    """Return the committed form: two spaces, keys as the model orders them, one final newline."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def broken() -> list[str]:
    """Return every way in which today's models break with the released schemas."""
    found: list[str] = []
    for path in sorted(RELEASED.glob("*.json")):
        model = REGISTRY.get(path.stem)
        lines = breaks(json.loads(path.read_text()), schema_of(model)) if model else ["is gone"]
        found += [f"{path.stem} {line}" for line in lines]
    return [line for line in found if not _is_borne(line)]


def _is_borne(line: str) -> bool:
    return line in KNOWN_TO_READERS or any(pattern.fullmatch(line) for pattern in READ_AFTER_UPGRADE)


def main(*, release: bool = False) -> int:
    """Write all files, or none when a released type would break."""
    if problems := broken():
        sys.stderr.write("\n".join(("released event types only grow:", *problems, "")))
        return 1
    for event_type, model in REGISTRY.items():
        documents = {schema_path(event_type): schema_of(model), example_path(event_type): example_of(model)}
        if release:
            documents[RELEASED / f"{event_type}.json"] = schema_of(model)
        for path, document in documents.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(as_text(document))
    asyncapi.PATH.write_text(asyncapi_text())
    return 0


def asyncapi_text() -> str:
    """Return the AsyncAPI document of all types as it is committed."""
    return asyncapi.as_yaml(asyncapi.document({name: example_of(model) for name, model in REGISTRY.items()}))


def _value(schema: Schema, name: str) -> Json:
    """Make a value of the schema; a field's name decides where the type leaves it open."""
    match schema:
        case {"anyOf": [Mapping() as first, *_]}:
            return _value(first, name)
        case {"enum": [first, *_]}:
            return first
        case {"properties": Mapping() as fields}:
            return {key: _value(field, key) for key, field in fields.items() if isinstance(field, Mapping)}
        case {"type": "object"}:
            return {"code": "text"}
        case {"type": "array", "items": Mapping() as items}:
            return [_value(items, name)]
        case _:
            return _scalar(schema, name)


def _scalar(schema: Schema, name: str) -> Json:
    if name in BY_NAME:
        return BY_NAME[name]
    match schema:
        case {"format": "uuid"}:
            return uuid_of(name)
        case {"format": "date-time"}:
            return MOMENT
        case {"type": "boolean"}:
            return True
        case {"type": "integer" | "number"}:
            return 1
        case _:
            return name or "text"


if __name__ == "__main__":
    raise SystemExit(main(release="--release" in sys.argv[1:]))
