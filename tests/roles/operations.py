"""Every operation of the merged document, and how a test calls it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.documents.made import MERGED, committed

Json = dict[str, Any]  # a document is read as it is
WHOLE: Json = committed(MERGED)


@dataclass(frozen=True)
class Operation:
    """One operation; `scopes` is its row in docs/roles.md."""

    name: str
    method: str
    path: str
    scopes: Mapping[str, str]
    said: Json

    @property
    def parameter(self) -> str | None:
        """The first name in the path."""
        return self.path.partition("{")[2].partition("}")[0] or None

    @property
    def is_list(self) -> bool:
        answer = self.said["responses"].get("200", {}).get("content", {}).get("application/json", {})
        return self.method == "GET" and str(answer.get("schema", {}).get("$ref", "")).endswith("Page")

    @property
    def lists(self) -> str | None:
        """The path of the list that the first name in the path is from."""
        return self.path.partition("/{")[0] if self.parameter else None

    @property
    def body(self) -> object:
        """The example of its body, None for none."""
        content: Json = self.said.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("example")

    @property
    def needs_version(self) -> bool:
        """Return whether it takes the version that was seen, and is nothing of its own to a caller without."""
        return self.parameter is not None and "428" in self.said["responses"]

    @property
    def of_desks(self) -> bool:
        """Return whether it names or lists what belongs to a desk; what is one's own, and `next`, do not."""
        return self.parameter is not None or self.is_list or self.body is not None


def _operations() -> Iterator[Operation]:
    for path, item in WHOLE["paths"].items():
        for method, said in item.items():
            if "x-scopes" in said:
                yield Operation(said["operationId"], method.upper(), path, said["x-scopes"], said)


OPERATIONS = tuple(_operations())
