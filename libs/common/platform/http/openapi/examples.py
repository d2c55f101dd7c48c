"""One example for each body and answer, made of its schema: invented customers, the demo desk's names."""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from libs.common.contracts.samples import BY_NAME, MOMENT, uuid_of
from libs.common.platform.http.openapi.shape import Document

_DEEPEST = 8
_JSON = "application/json"

#: Values of fields that the events' examples do not have, or that fit an API better.
_NAMES: Mapping[str, object] = {
    **BY_NAME,
    "code": "callback",
    "desk": "demo",
    "desks": ["demo"],
    "roles": ["operator"],
    "products": [],
    "lane": "new",
    "type": "callback",
    "task_type": "callback",
    "opens": "09:00",
    "closes": "21:00",
    "region": "RU",
    "currency": "RUB",
    "outcome": "reached",
    "comment": "Customer confirmed the order",
    "text": "Thank you, we have your order",
    "secret": "s3cret-word-of-the-sender-0001",
    "hook_key": "4Jx0y7QqW2eR5tYuI8oP",
    "test_prefixes": ["test-"],
    "hook": "/intake/v1/hooks/4Jx0y7Qq",
    "hook_path": "/notifications/v1/hooks/sms/4Jx0y7Qq",
    "version": 3,
    "limit": 50,
    "url": "https://example.com/document",
    "phone_raw": "8 999 000-00-01",
    "to_number": "+79990000001",
    "extension": "101",
    "source": "landing",
    "mermaid": "flowchart TD\n  new --> callback",
    "body": "name=Anna&phone=79990000001",
    "body_encoding": "text",
}


class Examples:
    """Examples of the schemas of one document."""

    def __init__(self, schemas: Mapping[str, Document]) -> None:
        self._schemas = schemas

    def of(self, schema: Mapping[str, object], name: str = "", depth: int = 0) -> object:
        """Return a value that the schema allows; the name of its field chooses among those of its type."""
        schema = self._resolved(schema)
        for given in ("example", "const", "default"):
            if schema.get(given) is not None:
                return schema[given]
        if examples := schema.get("examples"):
            return cast("list[object]", examples)[0]
        if values := schema.get("enum"):
            return cast("list[object]", values)[0]
        return self._made(schema, name, depth)

    def body(self, schema: Mapping[str, object]) -> object:
        """Return a body that says what it must, and one thing if it need say nothing."""
        resolved = self._resolved(schema)
        fields = cast("dict[str, Document]", resolved.get("properties", {}))
        if resolved.get("examples") or not fields:
            return self.of(resolved)
        said = cast("list[str]", resolved.get("required", [])) or [*fields][:1]
        return {name: self.of(fields[name], name, 1) for name in said}

    def _made(self, schema: Mapping[str, object], name: str, depth: int) -> object:
        for union in ("anyOf", "oneOf"):
            if schema.get(union):
                return self._first(cast("list[Document]", schema[union]), name, depth)
        kind = schema.get("type")
        match kind[0] if isinstance(kind, list) else kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                if name in _NAMES:
                    return _NAMES[name]
                least = cast("int", schema.get("minItems", 0))
                one = self.of(cast("Document", schema.get("items", {})), name, depth + 1)
                return [one] if least or depth < _DEEPEST else []
            case "string":
                return _text(schema, name)
            case "integer" | "number":
                return _number(schema, name)
            case "boolean":
                return True
            case _:
                return None if kind == "null" else name

    def _first(self, variants: list[Document], name: str, depth: int) -> object:
        if depth >= _DEEPEST and any(variant.get("type") == "null" for variant in variants):
            return None
        return self.of(next((v for v in variants if v.get("type") != "null"), variants[0]), name, depth + 1)

    def _object(self, schema: Mapping[str, object], depth: int) -> Document:
        fields = cast("dict[str, Document]", schema.get("properties", {}))
        if not fields and schema.get("minProperties"):
            names = self.of(cast("Document", schema.get("propertyNames", {"type": "string"})), "code")
            return {str(names): self.of(cast("Document", schema.get("additionalProperties", {})), "text")}
        return {field: self.of(part, field, depth + 1) for field, part in fields.items()}

    def _resolved(self, schema: Mapping[str, object]) -> Mapping[str, object]:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._schemas[reference.rpartition("/")[2]]
        return schema


def with_examples(document: Document) -> Document:
    """Give every JSON body and answer without an example its own."""
    components = cast("dict[str, dict[str, Document]]", document["components"])
    examples = Examples(components["schemas"])
    for operation in _operations(document):
        for content in _contents([operation.get("requestBody")]):
            content.setdefault("example", examples.body(cast("Document", content["schema"])))
        for content in _contents(cast("Document", operation["responses"]).values()):
            content.setdefault("example", examples.of(cast("Document", content["schema"])))
    return document


def _operations(document: Document) -> Iterator[Document]:
    for item in cast("dict[str, dict[str, Document]]", document["paths"]).values():
        yield from item.values()


def _contents(parts: Iterable[object]) -> Iterator[Document]:
    for part in parts:
        if isinstance(part, dict) and _JSON in part.get("content", {}) and "schema" in part["content"][_JSON]:
            yield part["content"][_JSON]


def _text(schema: Mapping[str, object], name: str) -> str:
    match schema.get("format"):
        case "uuid":
            return uuid_of(name)
        case "date-time":
            return MOMENT
        case "date":
            return MOMENT[:10]
        case _:
            found = _NAMES.get(name, name or "text")
            return found if isinstance(found, str) else name


def _number(schema: Mapping[str, object], name: str) -> object:
    found = _NAMES.get(name)
    if isinstance(found, int):
        return found
    return schema.get("minimum", 1)
