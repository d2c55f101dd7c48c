"""The TypeScript client of docs/clients: its types are those of the document, and the example fits them."""

import json
from pathlib import Path

import pytest

from deploy.documents import client
from deploy.documents.made import MERGED, path_of

IMPORT = f"""import type {{ Dozvon }} from "{client.FOLDER}/src/client.ts"; declare const dozvon: Dozvon;"""
#: Calls that cannot succeed, and what the compiler says of each.
WRONG = {
    'POST("/tasks/v1/playbooks", {})': "'body' is missing",
    'POST("/tasks/v1/tasks/{task_id}/outcome", {params: {path: {task_id: ""}}, body: {outcome: ""}})': "If-Match",
    'GET("/intake/v1/leads", {params: {query: {dsk: "demo"}}})': "'dsk' does not exist",
}

pytestmark = pytest.mark.timeout(400)  # packages are installed the first time


@pytest.mark.req("U6", "U25")
def test_the_types_are_those_of_the_committed_document() -> None:
    assert client.TYPES.read_text("utf-8") == client.types_of(path_of(MERGED)), "run `make contracts`"


@pytest.mark.req("U6", "U25")
def test_the_example_is_strictly_typed() -> None:
    client.check()


@pytest.mark.req("U6")
def test_the_types_refuse_what_the_server_would(tmp_path: Path) -> None:
    config = {"extends": str(client.FOLDER / "tsconfig.json"), "include": ["wrong.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "wrong.ts").write_text("\n".join([IMPORT, *(f"await dozvon.{call};" for call in WRONG)]))
    with pytest.raises(RuntimeError) as refused:
        client.check(tmp_path)
    assert [call for call, complaint in WRONG.items() if complaint not in str(refused.value)] == []


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (client.FOLDER / "package-lock.json").read_text()
