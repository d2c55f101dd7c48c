"""A desk's configuration at one service: one document, planned and applied as a whole (docs/adr/0016).

`POST /<service>/v1/desks/{code}/configuration?mode=plan` does what `mode=apply` does, in a transaction that is
rolled back, so that a plan names every fault that applying would. It answers with the ETag of what the desk has
now; applying takes it as `If-Match`, and changes nothing if the desk was changed meanwhile.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel
from pydantic_core import to_json

from libs.common.contracts import Cause
from libs.common.platform.db import Transaction
from libs.common.platform.http.problems import Fault

D = TypeVar("D", bound=BaseModel)
D_co = TypeVar("D_co", bound=BaseModel, covariant=True)

# One at a time for a desk at a service: the digest that was checked stays true until the commit.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('configuration'), hashtext($1))"


class ConfigurationMode(StrEnum):
    """Whether to apply a document, or only to say what applying it would do."""

    PLAN = "plan"
    APPLY = "apply"


class Action(StrEnum):
    """What becomes of a thing; what a document does not name any more is retired, never deleted."""

    CREATE = "create"
    CHANGE = "change"
    RETIRE = "retire"


class PartChange(BaseModel):
    """One thing that a document changes; `fields` are the names of those that differ."""

    action: Action
    kind: str
    code: str
    fields: tuple[str, ...] = ()


class Configuration(BaseModel, Generic[D_co]):
    """What a desk has at this service, without secrets; null for a desk that does not exist."""

    desk: str
    document: D_co | None


class Configured(Configuration[D_co]):
    """What applying a document changes or has changed; `document` is what the desk had before."""

    mode: ConfigurationMode
    changes: tuple[PartChange, ...]


class BadConfigurationError(Exception):
    """Parts of a document cannot be applied; each fault names its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Call:
    """Whose configuration is applied by whom, and to which plan, as its ETag; None: plan."""

    desk: str
    actor: str
    cause: Cause
    plan: str | None

    @property
    def mode(self) -> ConfigurationMode:
        return ConfigurationMode.PLAN if self.plan is None else ConfigurationMode.APPLY


class StaleConfigurationError(Exception):
    """The desk has changed since it was planned; `document` is what it has now, `stamp` as in `digest`."""

    def __init__(self, document: BaseModel | None, stamp: str = "") -> None:
        super().__init__()
        self.document = document
        self.stamp = stamp


def changes(
    kind: str,
    before: Mapping[str, Mapping[str, object]],
    wanted: Mapping[str, Mapping[str, object]],
) -> Iterator[PartChange]:
    """Yield what differs between things by code, as dumped documents; a wanted null leaves a field as it is."""
    for code, fields in wanted.items():
        had = before.get(code)
        if had is None:
            yield PartChange(action=Action.CREATE, kind=kind, code=code)
        elif differing := _differing(had, fields):
            yield PartChange(action=Action.CHANGE, kind=kind, code=code, fields=differing)
    for code in before:
        if code not in wanted:
            yield PartChange(action=Action.RETIRE, kind=kind, code=code)


def changed(
    kind: str, code: str, before: BaseModel | None, wanted: BaseModel, without: Collection[str]
) -> list[PartChange]:
    """Return the change of a single thing, its fields in `without` apart."""
    dumped = {} if before is None else {code: before.model_dump(mode="json", exclude=set(without))}
    return list(changes(kind, dumped, {code: wanted.model_dump(mode="json", exclude=set(without))}))


def rule_changed(kind: str, before: BaseModel, wanted: BaseModel | None) -> list[PartChange]:
    """Return the change of a rule of the desk, which is one thing: what it leaves out is as by default."""
    if wanted is None:
        return []
    fields = tuple(name for name in type(wanted).model_fields if getattr(before, name) != getattr(wanted, name))
    return [PartChange(action=Action.CHANGE, kind=kind, code="rule", fields=fields)] if fields else []


def _differing(had: Mapping[str, object], wanted: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(name for name, value in wanted.items() if value is not None and had.get(name) != value)


def digest(document: BaseModel | None, stamp: str = "") -> str:
    """Return the entity tag of what a desk has.

    `stamp`: what also changes when something does that the document does not show, such as a secret; none itself.
    """
    content = b"" if document is None else to_json(document.model_dump(mode="json"))
    return f'"{hashlib.sha256(content + stamp.encode()).hexdigest()[:32]}"'


async def begin(tx: Transaction, desk: str) -> None:
    """Wait for who else configures the desk at this service."""
    await tx.conn.execute(LOCK, desk)


def check(plan: str | None, document: BaseModel | None, stamp: str = "") -> None:
    """Raises StaleConfigurationError when the desk is no longer as the plan saw it."""
    if plan is not None and plan != digest(document, stamp):
        raise StaleConfigurationError(document, stamp)
