"""Copies of rows in PostgreSQL's binary format."""

from uuid import UUID

import pytest

from tests.bench.multiply import KEY, NUMBER, STEP, SUFFIX, require_known
from tests.bench.multiply import UUID as ID
from tests.bench.rows import END, HEADER, Change, Rows

LEAD = UUID("01a22cb1-6390-7268-abef-c7113efcf630")
EARLIER = UUID(int=LEAD.int - (3 * STEP << 80))


def row(*fields: bytes | None) -> bytes:
    """Return a row as COPY writes it."""
    lengths = [(-1 if field is None else len(field)).to_bytes(4, signed=True) for field in fields]
    contents = (length + (field or b"") for length, field in zip(lengths, fields, strict=True))
    return len(fields).to_bytes(2) + b"".join(contents)


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (ID, LEAD.bytes, EARLIER.bytes),
        (KEY, f"lead:{LEAD}".encode(), f"lead:{EARLIER}".encode()),
        (SUFFIX, b"ann@x.example-000000", b"ann@x.example-000003"),
        (NUMBER, (1001).to_bytes(8), (301_001).to_bytes(8)),
        (None, b"same", b"same"),
        (ID, None, None),
    ],
)
def test_a_copy_differs_in_what_tells_leads_apart(
    change: Change | None, before: bytes | None, after: bytes | None
) -> None:
    copied = HEADER + row(b"x", before, b"y") + row(b"z", before, None) + END
    rows = Rows(copied, [None, change, None])
    assert rows.copy(3) == row(b"x", after, b"y") + row(b"z", after, None)


def test_what_is_no_binary_copy_is_refused() -> None:
    with pytest.raises(ValueError, match="no binary COPY"):
        Rows(b"x\ty\n", [None, None])


def test_a_table_with_rows_of_leads_is_copied_or_named() -> None:
    before = {"tasks.task": 0, "tasks.inbox": 1, "tasks.desk": 1, "tasks.unheard": 0}
    require_known(before, {**before, "tasks.task": 5, "tasks.inbox": 6})
    with pytest.raises(RuntimeError, match=r"not copied: tasks\.desk, tasks\.unheard$"):
        require_known(before, {**before, "tasks.desk": 2, "tasks.unheard": 5})
