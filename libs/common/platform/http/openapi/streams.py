"""How a stream of events is described: OpenAPI 3.1 has no words of its own for one."""

from collections.abc import Mapping

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from libs.common.platform.http.openapi.shape import Document
from libs.common.platform.http.sse import END, HEARTBEAT, MEDIA_TYPE, PLACE, RETRY

_TEMPLATE = "#/components/schemas/{model}"


def stream_answer(events: Mapping[str, type[BaseModel]]) -> Document:
    """Return the 200 of a stream: `x-events` has the schema of each event's data."""
    references = {name: {"$ref": _TEMPLATE.format(model=data.__name__)} for name, data in events.items()}
    first, *_ = references
    alternatives = {
        reference["$ref"]: reference for name, reference in references.items() if name not in (PLACE, END)
    }
    data, *others = alternatives.values()
    frame = f"id: 17\nevent: {first}\ndata: {{…}}\n\n"
    content = {"oneOf": [data, *others]} if others else data
    shown = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    names = ", ".join(f"`{name}` ({model.__name__})" for name, model in events.items())
    return {
        "description": f"A stream that stays open. Events, with their `data` as JSON: {names}. "
        f"A line that begins with a colon comes every {HEARTBEAT:.0f} s and says that the stream is alive. "
        f"`{END}` is the last event and says why: the token has ended, or the caller works here no more. "
        f"`{PLACE}` says in its `id` where a stream is that was opened by a ticket.",
        "content": {MEDIA_TYPE: {"schema": shown, "example": f"retry: {RETRY}\n\nid: 16\n\n{frame}"}},
        "x-events": references,
    }


def schemas_of_events(events: Mapping[str, type[BaseModel]]) -> Document:
    """Return the schemas of all events and their parts by name."""
    _, found = models_json_schema(
        [(model, "serialization") for model in dict.fromkeys(events.values())], ref_template=_TEMPLATE
    )
    schemas: Document = found.get("$defs", {})
    return schemas
