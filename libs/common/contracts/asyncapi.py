"""The AsyncAPI document of all published events: `docs/asyncapi.yaml`, made by the export beside it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from libs.common.contracts.compatibility import Json
from libs.common.contracts.envelope import MAX_KEY, EventData
from libs.common.contracts.registry import REGISTRY
from libs.common.contracts.samples import MOMENT, uuid_of
from libs.common.contracts.topics import Topic, topic_name

PATH = Path(__file__).parents[3] / "docs" / "asyncapi.yaml"

_ABOUT = """\
The events by which the four services of Dozvon tell each other what has happened, for whoever wants to read along.
Events of one key come in the order in which they happened, and may come twice: `ce_id` tells. Fields are only ever
added, so a reader ignores what it does not know; what an old reader could not read is a new type (`v2`) beside the
old one, which is sent on.
"""
#: References to requirements by which we build.
_OURS = re.compile(r"\s*\((?:[SP]\d*\.\d+)(?:, [SP]\d*\.\d+)*\)")
_TEXT: Mapping[str, Json] = {"type": "string"}
_ID: Mapping[str, Json] = {"type": "string", "format": "uuid"}
_HEADERS: Mapping[str, Json] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_sequence",
                 "ce_desk", "ce_correlationid", "content-type"],
    "properties": {
        "ce_specversion": {"const": "1.0", "description": "CloudEvents 1.0 in Kafka's binary mode"},
        "ce_id": {**_ID, "description": "the event: one that came before is the same"},
        "ce_source": {**_TEXT, "description": "the service that wrote it, such as `/dozvon/tasks`"},
        "ce_type": {**_TEXT, "description": "the type with its major version"},
        "ce_subject": {**_TEXT, "maxLength": MAX_KEY, "description": "the key, such as `lead:<id>`"},
        "ce_time": {"type": "string", "format": "date-time", "description": "when it happened"},
        "ce_sequence": {**_TEXT, "pattern": "^[0-9]+$", "description": "ascends without gaps per key and topic"},
        "ce_desk": {**_TEXT, "description": "code of the desk"},
        "ce_correlationid": {**_ID, "description": "joins all that one cause has brought about"},
        "ce_causationid": {**_ID, "description": "the event that caused it, if one did"},
        "traceparent": {**_TEXT, "description": "W3C Trace Context"},
        "content-type": {"const": "application/json"},
    },
}  # fmt: skip
_EXAMPLE_HEADERS: Mapping[str, Json] = {
    "ce_specversion": "1.0",
    "ce_id": uuid_of("event_id"),
    "ce_source": "/dozvon/intake",
    "ce_type": "dozvon.lead.received.v2",
    "ce_subject": f"lead:{uuid_of('lead_id')}",
    "ce_time": MOMENT,
    "ce_sequence": "1",
    "ce_desk": "demo",
    "ce_correlationid": uuid_of("correlation_id"),
    "content-type": "application/json",
}

Document = dict[str, Json]


def document(examples: Mapping[str, Json]) -> Document:
    """Return the document of the registry; `examples` are payloads by event type."""
    schemas: Document = {}
    messages: Document = {model.__name__: _message(model, schemas, examples) for model in REGISTRY.values()}
    return {
        "asyncapi": "3.1.0",
        "info": {"title": "Dozvon: events", "version": "1", "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "kafka:9092",
                "protocol": "kafka",
                "description": "your own Kafka; `TOPIC_PREFIX` begins each topic's name",
            }
        },
        "channels": {topic.value: _channel(topic) for topic in Topic},
        "operations": {f"send_{topic.value}": _operation(topic) for topic in Topic},
        "components": {
            "messages": messages,
            "schemas": {"Headers": {**_HEADERS, "examples": [_EXAMPLE_HEADERS]}, **dict(sorted(schemas.items()))},
        },
    }


def as_yaml(made: Document) -> str:
    """Return the committed form."""
    text: str = yaml.safe_dump(json.loads(json.dumps(made)), sort_keys=False, allow_unicode=True, width=116)
    return text


def _models(topic: Topic) -> list[type[EventData]]:
    return [model for model in REGISTRY.values() if model.topic is topic]


def _channel(topic: Topic) -> Document:
    names = [model.__name__ for model in _models(topic)]
    return {
        "address": topic_name(topic),
        "description": f"Written by {topic.owner} alone.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operation(topic: Topic) -> Document:
    return {
        "action": "send",
        "summary": f"{topic.owner} tells what has happened",
        "channel": {"$ref": f"#/channels/{topic.value}"},
        "messages": [{"$ref": f"#/channels/{topic.value}/messages/{model.__name__}"} for model in _models(topic)],
    }


def _message(model: type[EventData], schemas: Document, examples: Mapping[str, Json]) -> Document:
    _hoist(model, schemas)
    return {
        "name": model.event_type,
        "title": model.__name__,
        "summary": _OURS.sub("", (model.__doc__ or "").strip().partition("\n")[0]),
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "as `ce_subject`"}}},
        "examples": [{"payload": examples[model.event_type]}],
    }


def _hoist(model: type[EventData], schemas: Document) -> None:
    """Put a payload's schema and its parts among the document's. Raises ValueError if a name is taken."""
    whole = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    parts: dict[str, Json] = {**whole.pop("$defs", {}), model.__name__: whole}
    for name, part in parts.items():
        cleaned: Json = json.loads(_OURS.sub("", json.dumps(part, ensure_ascii=False)))
        if schemas.setdefault(name, cleaned) != cleaned:
            raise ValueError(f"{name} means different things in two events")
