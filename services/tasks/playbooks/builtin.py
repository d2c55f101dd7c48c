"""Playbooks that every desk has without activating them; this release's text is stored when it is first needed."""

from pathlib import Path

from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.playbooks.actions import INSERT, LIBRARY, TURN
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.vocabulary import VOCABULARY

_FOLDER = Path(__file__).parent / "library"
_AUTHOR = "system"
STORED = """
SELECT version FROM playbook WHERE code = $1 AND desk = $2 AND source = $3 ORDER BY version DESC LIMIT 1
"""


async def builtin_version(ctx: Context, tx: Transaction, code: str) -> int:
    """Return the version of a built-in playbook's text, stored in the caller's transaction if it is a new one."""
    source = (_FOLDER / f"{code}.yaml").read_text(encoding="utf-8")
    found: int | None = await tx.conn.fetchval(STORED, code, LIBRARY, source)
    if found is None:
        await tx.conn.execute(TURN, code)
        found = await tx.conn.fetchval(STORED, code, LIBRARY, source)
    if found is None:
        title = parse(source, VOCABULARY).title
        row = code, LIBRARY, title.ru, title.en, source, ctx.now(), _AUTHOR
        found = await tx.conn.fetchval(INSERT, *row)
    assert found is not None  # noqa: S101 - the statement returns the version
    return found
