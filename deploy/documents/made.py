"""The documents as today's code makes them."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from libs.common.platform.db.roles import SERVICES
from libs.common.platform.http.assembly import build_api
from libs.common.platform.http.openapi.shape import Document

FOLDER = Path(__file__).parents[2] / "docs" / "openapi"
MERGED = "dozvon"


def documents() -> dict[str, Document]:
    """Return the document of each service, and the merged one."""
    made = {name: _document(name) for name in SERVICES}
    return {**made, MERGED: merged(made)}


def merged(made: Mapping[str, Document]) -> Document:
    """Return one document of all. Raises ValueError where two mean different things by one name."""
    first = next(iter(made.values()))
    paths: Document = {}
    components: dict[str, Document] = {}
    for document in made.values():
        _add(paths, cast("Document", document["paths"]))
        for kind, parts in cast("dict[str, Document]", document["components"]).items():
            _add(components.setdefault(kind, {}), parts)
    info = {**cast("Document", first["info"]), "title": "Dozvon"}
    ordered = {kind: dict(sorted(parts.items())) for kind, parts in components.items()}
    return {**first, "info": info, "paths": paths, "components": ordered}


def committed(name: str) -> Document:
    """Return a document as it is committed; a test holds it against the code's."""
    found: Document = json.loads(path_of(name).read_text("utf-8"))
    return found


def text_of(document: Document) -> str:
    """Return the committed form."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def path_of(name: str) -> Path:
    """Return where a document is committed."""
    return FOLDER / f"{name}.json"


def _document(name: str) -> Document:
    service = import_module(f"services.{name}.app").SERVICE
    found: Document = build_api(service, None).openapi()
    return found


def _add(into: Document, parts: Document) -> None:
    for name, part in parts.items():
        if into.setdefault(name, part) != part:
            raise ValueError(f"{name} means different things in two services")
