"""Every operation whose answer holds a customer's data says so, and is in the audit log."""

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.documents.made import MERGED, committed

Json = dict[str, Any]  # a document is read as it is
WHOLE: Json = committed(MERGED)
#: Members that hold what is personal: a name, a way to reach a person, what they wrote or was written to them.
PERSONAL = {
    "person",
    "customer",
    "phone",
    "phone_raw",
    "email",
    "identities",
    "address",
    "text",
    "body",
    "from_number",
}
#: Schemas that have such members of others than customers, or of no person, and why.
OTHERS: Mapping[str, str] = {
    "OperatorView": "staff", "MeView": "staff", "OperatorPart": "staff", "PartnerView": "a business",
    "MendView": "what to change", "SnippetView": "code to paste", "WhyOut": "why a task comes next",
}  # fmt: skip


def personal(part: object, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the personal members of a schema and of those that it refers to."""
    match part:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            if name not in seen and name not in OTHERS:
                yield from personal(WHOLE["components"]["schemas"][name], seen | {name})
        case dict():
            yield from (name for name in part.get("properties", {}) if name in PERSONAL)
            for inner in part.values():
                yield from personal(inner, seen)
        case list():
            for inner in part:
                yield from personal(inner, seen)


def answers(operation: Json) -> list[object]:
    found = (answer.get("content", {}) for status, answer in operation["responses"].items() if status < "3")
    return [content for contents in found for content in contents.values()]


def test_an_answer_with_personal_data_is_declared() -> None:
    operations = [one for item in WHOLE["paths"].values() for one in item.values() if "x-scopes" in one]
    holding = {one["operationId"]: set(personal(answers(one))) for one in operations}
    bare = {one["operationId"] for one in operations if not one.get("x-audited")}
    assert {name: found for name, found in holding.items() if found and name in bare} == {}
