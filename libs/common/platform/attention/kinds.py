"""The kinds of what waits for a person, as a service declares them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from libs.common.contracts.shared import Text
from libs.common.messaging.deadletters.store import OPEN

SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Opens:
    """That a task is opened of a kind, one for each `ref`, from `limit` rows on; it is due `within` that time.

    Braces of the title are replaced: `{name}`, `{count}`. `name` and `operator` are columns of the rows: how people
    call what waits, the operator whose work waits with it, and (`assignee`) the one who is to do it.
    """

    title: Text
    within: timedelta = SOON
    limit: int = 1
    name: str = "ref"
    operator: str = "NULL::uuid"
    assignee: str = "NULL::uuid"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A kind: the rows that wait, a SELECT of `desk`, `at` (since when), and `ref` where tasks are opened of it.

    `opens` None: boards count it, and that is all.
    """

    rows: str
    opens: Opens | None = None


Kinds = Mapping[str, Waiting]

_OPEN = ", ".join(f"'{state}'" for state in OPEN)
#: Of every service: events that could not be applied, and those behind them.
DEAD_LETTERS: Kinds = {
    "dead_letters": Waiting(
        f"SELECT desk, parked_at AS at, '' AS ref FROM parked WHERE state IN ({_OPEN})",  # noqa: S608 - states of our own
        Opens(Text(ru="Разобрать необработанные события: {count}", en="Look at events that failed: {count}")),
    )
}
