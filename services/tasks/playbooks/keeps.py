"""The language of playbooks: what a process keeps: counts, charges, linked documents."""

from dataclasses import dataclass
from decimal import Decimal
from re import compile as pattern
from typing import Annotated

from services.tasks.playbooks.asks import Neutral
from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.source import Log, Node
from services.tasks.playbooks.terms import Text
from services.tasks.playbooks.values import HIDDEN, Declared, Kind, Number, ref, word_of, wrong

_SUM = pattern(r"\d{1,12}(\.\d{1,2})?")
_CURRENCY = pattern(r"[A-Z]{3}")
_URL = pattern(r"https?://[^\s/]+\S*")
LONGEST_URL = 2000


def _sum(node: Node, _: Log) -> Decimal:
    word = word_of(node)
    if not _SUM.fullmatch(word) or not Decimal(word):
        wrong("not_money", f"{str(word)!r} is not a sum such as 500 or 990.50")
    return Decimal(word)


def _currency(node: Node, _: Log) -> str:
    word = word_of(node)
    if not _CURRENCY.fullmatch(word):
        wrong("not_a_currency", f"{str(word)!r} is not a currency such as RUB")
    return str(word)


def is_url(text: str) -> bool:
    """Return whether a text is an address of the web."""
    return len(text) <= LONGEST_URL and _URL.fullmatch(text) is not None


def _url(node: Node, _: Log) -> str:
    word = word_of(node)
    if not is_url(word):
        wrong("not_a_url", f"{str(word)!r} is not an address such as https://example.com/1")
    return str(word)


SUM = Kind(_sum, {"anyOf": [{"type": "number"}, {"type": "string"}], "description": "a sum such as `990.50`"})
CURRENCY = Kind(_currency, {"type": "string", "description": "a currency such as `RUB`"})
URL = Kind(_url, {"type": "string", "description": "an address such as `https://example.com/1`"})


@dataclass(frozen=True, slots=True)
class ChargeSpec(Declared):
    """What the partner owes for a lead (S0.15), at most once in a process.

    `amount` is in `currency`; without them, and without a sum that the step names, it is for who bills to say.
    """

    code: Annotated[str, HIDDEN]
    title: Text
    amount: Annotated[Decimal, SUM] | None = None
    currency: Annotated[str, CURRENCY] | None = None

    def __post_init__(self) -> None:
        """Refuse a sum without a currency."""
        if self.amount is not None and self.currency is None:
            raise WrongPartError("no_currency", "'amount' needs 'currency' beside it")


@dataclass(frozen=True, slots=True)
class CountUp(Neutral):
    """Count something of the process: one more, or `by` so many. Rules compare it by `over`, `under`, `between`."""

    counter: Annotated[str, ref("counter")]
    by: Number = 1


@dataclass(frozen=True, slots=True)
class Charge(Neutral):
    """Say that the lead's partner owes a charge, once in a process (S0.15); `amount`: a field with the sum.

    It is published as `partner.charge_due`.
    """

    charge: Annotated[str, ref("charge")]
    amount: Annotated[str, ref("field")] | None = None


@dataclass(frozen=True, slots=True)
class LinkDocument(Neutral):
    """Link a document to the subject: the one in a `field`, or one with a `title` and a `url` (S3.18)."""

    field: Annotated[str, ref("field")] | None = None
    title: Text | None = None
    url: Annotated[str, URL] | None = None

    def __post_init__(self) -> None:
        """Refuse half a document, and two in one."""
        if (self.title is None) != (self.url is None) or (self.field is None) == (self.title is None):
            raise WrongPartError("one_document", "'document' names a field, or has a 'title' and a 'url'")
