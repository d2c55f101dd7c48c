"""Write docs/openapi, docs/roles.md and the client's types: `python -m deploy.documents`.

Nothing is written if it would let clients down.
"""

import json
import re
import sys
from collections.abc import Mapping

from deploy.documents import client, roles
from deploy.documents.changes import breaks
from deploy.documents.made import FOLDER, MERGED, documents, path_of, text_of
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.http.openapi.shape import Document

#: Lines of `broken()` that are accepted, each with its reason; a line is taken out once the documents are written.
ACCEPTED: Mapping[re.Pattern[str], str] = {}


def broken(made: Mapping[str, Document]) -> list[str]:
    """Return every way in which clients of the committed merged document are let down by today's."""
    path = path_of(MERGED)
    if not path.exists():
        return []
    found = breaks(json.loads(path.read_text("utf-8")), made[MERGED])
    return [line for line in found if not any(known.fullmatch(line) for known in ACCEPTED)]


def main() -> int:
    """Write all documents, or none."""
    made = documents()
    if problems := broken(made):
        sys.stderr.write("\n".join(("clients of the committed API would be let down:", *problems, "")))
        return 1
    FOLDER.mkdir(exist_ok=True)
    for name, document in made.items():
        path_of(name).write_text(text_of(document), "utf-8")
    roles.DOCUMENT.write_text(roles.with_roles({name: made[name] for name in SERVICES}), "utf-8")
    client.TYPES.write_text(client.types_of(path_of(MERGED)), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
