"""Which changes of a document let clients of the committed one down, and which do not."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from deploy.documents.changes import breaks

Json = dict[str, Any]  # a document is changed in any place

LEAD: Json = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string"},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "stage": {"type": "string", "enum": ["new", "won"]},
    },
}
LEAD_IN: Json = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 100},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


def content(name: str) -> Json:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


DOCUMENT: Json = {
    "paths": {
        "/leads": {
            "get": {
                "operationId": "list_leads",
                "parameters": [{"name": "stage", "in": "query", "schema": {"enum": ["new", "won"]}}],
                "responses": {"200": content("Lead")},
            },
            "post": {
                "operationId": "create_lead",
                "requestBody": content("LeadIn"),
                "responses": {"201": {}, "409": {}},
            },
        }
    },
    "components": {"schemas": {"Lead": LEAD, "LeadIn": LEAD_IN}},
}


class New:
    """A document that is changed."""

    def __init__(self) -> None:
        self.document = deepcopy(DOCUMENT)
        self.paths: Json = self.document["paths"]
        self.listing: Json = self.paths["/leads"]["get"]
        self.lead: Json = self.document["components"]["schemas"]["Lead"]
        self.body: Json = self.document["components"]["schemas"]["LeadIn"]


GROWTH: dict[str, Callable[[New], object]] = {
    "an operation": lambda new: new.paths.update({"/tasks": {"get": {"operationId": "x", "responses": {}}}}),
    "a status": lambda new: new.listing["responses"].update({"404": {}}),
    "an optional parameter": lambda new: new.listing["parameters"].append({"name": "q", "schema": {}}),
    "a value that may be sent": lambda new: new.listing["parameters"][0]["schema"]["enum"].append("lost"),
    "a value that may be read": lambda new: new.lead["properties"]["stage"]["enum"].append("lost"),
    "a member that is read": lambda new: new.lead["properties"].update({"zone": {"type": "string"}}),
    "a member that may be sent": lambda new: new.body["properties"].update({"zone": {"type": "string"}}),
    "a longer text": lambda new: new.body["properties"]["name"].update({"maxLength": 200}),
    "what is always there": lambda new: new.lead["required"].append("stage"),
    "what is never null": lambda new: new.lead["properties"].update({"name": {"type": "string"}}),
}
BREAKS: dict[str, Callable[[New], object]] = {
    "POST /leads: is gone": lambda new: new.paths["/leads"].pop("post"),
    "GET /leads: was called list_leads, is leads": lambda new: new.listing.update({"operationId": "leads"}),
    "GET /leads: parameter stage is gone": lambda new: new.listing.update({"parameters": []}),
    "GET /leads: parameter q is required": lambda new: new.listing["parameters"].append(
        {"name": "q", "required": True}
    ),
    'GET /leads: parameter stage: "won" is not taken any more': lambda new: new.listing["parameters"][0].update(
        {"schema": {"enum": ["new"]}}
    ),
    "GET /leads: 200 is gone": lambda new: new.listing.update({"responses": {"404": {}}}),
    "GET /leads: answer 200.id: is not always there": lambda new: new.lead.update({"required": ["name"]}),
    "GET /leads: answer 200.stage: is gone": lambda new: new.lead["properties"].pop("stage"),
    "GET /leads: answer 200.id: null is not string": lambda new: new.lead["properties"].update(
        {"id": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
    ),
    "POST /leads: body.zone: is required": lambda new: new.body["required"].append("zone"),
    "POST /leads: body.tags: is gone": lambda new: new.body["properties"].pop("tags"),
    "POST /leads: body.tags[]: string is not integer": lambda new: new.body["properties"]["tags"].update(
        {"items": {"type": "integer"}}
    ),
    "POST /leads: body.name: maxLength was 100, is 50": lambda new: new.body["properties"]["name"].update(
        {"maxLength": 50}
    ),
}


def changed(change: Callable[[New], object]) -> list[str]:
    new = New()
    change(new)
    return breaks(DOCUMENT, new.document)


@pytest.mark.parametrize("name", GROWTH)
def test_growth_lets_no_client_down(name: str) -> None:
    assert changed(GROWTH[name]) == []


@pytest.mark.req("U25")
@pytest.mark.parametrize("line", BREAKS)
def test_a_break_is_named_with_its_place(line: str) -> None:
    assert line in changed(BREAKS[line])
