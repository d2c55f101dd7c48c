"""docs/roles.md: who may call which operation, and how far, as the routes declare it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from libs.common.platform.auth.principal import Role, Scope
from libs.common.platform.http.openapi.shape import Document

DOCUMENT = Path(__file__).parents[2] / "docs" / "roles.md"

_SCOPES: Mapping[Scope, str] = {
    Scope.DESKS: "all of its kind in the desks of the token",
    Scope.WORK: "an active operator's own work, and what waits in their pools or has no owner",
    Scope.PARTNER: "what is the partner's own, from the first appointment on, without the customer",
    Scope.OWN: "what is the caller's own: their row, their presence, their feed",
}
_HEAD = """# Who sees what

Made of the routes by `python -m deploy.documents`; the same grants decide each request, and a test calls every
operation as every role (tests/roles). OpenAPI has them as `x-roles` and `x-scopes`.

Roles come from the token's claim `roles`; of several, the one that allows most counts. The claim `desks` binds
every role, administrators too: `["*"]` is all desks, `[]` none. A role without a scope is answered 403, no or a bad
token 401; what lies outside of the scope is 404, or not in the list. An operator who was dismissed, or a `sub` that
is no operator, has no work: lists are empty, the rest is 404. All staff see the settings of their desks.

"""


def with_roles(documents: Mapping[str, Document]) -> str:
    """Return the document for the services' OpenAPI documents."""
    scopes = "".join(f"| `{scope}` | {text} |\n" for scope, text in _SCOPES.items())
    tables = (_table(name, document) for name, document in documents.items())
    return f"{_HEAD}| scope | what of its kind |\n| --- | --- |\n{scopes}\n{''.join(tables)}"


def _table(name: str, document: Document) -> str:
    rows = "".join(_row(operation) for operation in _operations(document))
    roles = " | ".join(Role)
    return f"## {name}\n\n| operation | {roles} |\n| --- |{' --- |' * len(Role)}\n{rows}\n"


def _row(operation: Document) -> str:
    name = str(operation["operationId"])
    scopes = cast("Mapping[str, str] | None", operation.get("x-scopes"))
    if scopes is None:
        return f"| `{name}` |{' no token: the sender proves itself |' + ' |' * (len(Role) - 1)}\n"
    return f"| `{name}` | {' | '.join(scopes.get(role, '–') for role in Role)} |\n"


def _operations(document: Document) -> Iterator[Document]:
    for item in cast("Mapping[str, Mapping[str, Document]]", document["paths"]).values():
        yield from item.values()
