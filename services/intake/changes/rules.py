"""Whether intake applies what tasks asks for. Data in, decision out: a refusal never raises."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeAlias

from libs.common.contracts.shared import IdentityKind, OrderStatus
from libs.common.domain.masking import HIDDEN
from libs.common.domain.phone import Phone, read_phone
from services.intake.deliveries.rules import is_false

MAX_COMMENT, MAX_NAME = 4000, 200  # characters
_MAX_TEXT = {"payment_link": 2000, "external_number": 200, "remarks": 2000}
_MAX_AMOUNT = Decimal(10) ** 12
_CURRENCY = re.compile(r"[A-Z]{3}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Code(StrEnum):
    """The machine-readable reason for a refusal."""

    UNKNOWN_TARGET = "unknown_target"
    NOT_FOUND = "not_found"
    STALE_VERSION = "stale_version"
    INVALID_VALUES = "invalid_values"
    IDENTITY_TAKEN = "identity_taken"
    ALREADY_PLANNED = "already_planned"
    ALREADY_PAID = "already_paid"
    OUT_OF_TURN = "out_of_turn"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field."""

    field: str
    code: str


Problems: TypeAlias = tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing changes; every fault at once. `current_version` is None when there is nothing of that id."""

    code: Code
    current_version: int | None = None
    problems: Problems = ()


@dataclass(frozen=True, slots=True)
class OrderFields:
    """The fields of an order that may be asked to change; `remarks` may hold personal data."""

    amount: Decimal | None
    currency: str
    payment_link: str | None
    external_number: str | None
    remarks: str | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The person as asked for; None stays as it is. `phone` is in E.164."""

    name: str | None
    phone: str | None
    email: str | None
    identities: tuple[tuple[IdentityKind, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What changes of a customer; `known_by`: identities that are attached, in the order of their locks."""

    name: str | None
    phone: Phone | None
    email: str | None
    known_by: tuple[tuple[IdentityKind, str], ...]


def fenced(version: int | None, expected: int | None) -> Refused | None:
    """Return the refusal when the target is not there, or is not as the caller saw it."""
    if version is None:
        return Refused(Code.NOT_FOUND)
    if expected is not None and expected != version:
        return Refused(Code.STALE_VERSION, version)
    return None


def read_status(values: Mapping[str, str]) -> OrderStatus | Problems:
    """Return the status asked for."""
    problems = _unknown(values, {"status"})
    if values.get("status") not in set(OrderStatus):
        problems.append(Problem("status", "unknown_status"))
    return tuple(problems) or OrderStatus(values["status"])


def read_fields(values: Mapping[str, str], known: OrderFields) -> OrderFields | Problems:
    """Return the order's fields with those asked for; an empty text takes a value away."""
    problems = _unknown(values, {"amount", "currency", "held_until", *_MAX_TEXT})
    found = known
    if "amount" in values:
        found = replace(found, amount=read_amount(values["amount"]))
        if values["amount"] and found.amount is None:
            problems.append(Problem("amount", "not_an_amount"))
    if "currency" in values:
        found = replace(found, currency=values["currency"])
        if not _CURRENCY.fullmatch(values["currency"]):
            problems.append(Problem("currency", "unknown_currency"))
    if "payment_link" in values:
        found = replace(found, payment_link=values["payment_link"].strip() or None)
    if "external_number" in values:
        found = replace(found, external_number=values["external_number"].strip() or None)
    if values.get("held_until"):
        held = moment_of("held_until", values["held_until"])
        problems += [held] if isinstance(held, Problem) else []
        found = found if isinstance(held, Problem) else replace(found, held_until=held)
    elif "held_until" in values:
        found = replace(found, held_until=None)
    if "remarks" in values:
        found = replace(found, remarks=values["remarks"].strip() or None)
    problems += _too_long(values, _MAX_TEXT)
    return tuple(problems) or found


def read_comment(values: Mapping[str, str]) -> str | Problems:
    """Return the comment asked for; an empty one takes it away."""
    problems = _unknown(values, {"text"})
    if "text" not in values:
        problems.append(Problem("text", "missing"))
    problems += _too_long(values, {"text": MAX_COMMENT})
    return tuple(problems) or values["text"].strip()


def read_change(asked: Asked | None, values: Mapping[str, str]) -> PersonChange | Problems:
    """Return what changes of a customer."""
    problems = _unknown(values, set())
    if asked is None:
        return (*problems, Problem("person", "missing"))
    phone = read_phone(asked.phone) if asked.phone is not None else None
    if phone is not None and (phone.e164 is None or is_false(phone)):
        problems.append(Problem("phone", "false_number"))
    if asked.email is not None and HIDDEN in asked.email:
        problems.append(Problem("email", "hidden_value"))
    elif asked.email is not None and not _ADDRESS.fullmatch(asked.email):
        problems.append(Problem("email", "not_an_address"))
    if any(HIDDEN in value for _, value in asked.identities):
        problems.append(Problem("identities", "hidden_value"))
    if asked.name is not None and not asked.name.strip():
        problems.append(Problem("name", "blank"))
    problems += _too_long({"name": asked.name or ""}, {"name": MAX_NAME})
    if problems:
        return tuple(problems)
    email = asked.email.lower() if asked.email else None
    named = [(IdentityKind.PHONE, phone.e164 if phone else None), (IdentityKind.EMAIL, email)]
    known_by = {*asked.identities, *((kind, value) for kind, value in named if value is not None)}
    return PersonChange(asked.name.strip() if asked.name else None, phone, email, tuple(sorted(known_by)))


def moment_of(field: str, text: str) -> datetime | Problem:
    """Return a moment with its offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return Problem(field, "not_a_moment")
    return Problem(field, "no_offset") if moment.utcoffset() is None else moment


def _unknown(values: Mapping[str, str], known: set[str]) -> list[Problem]:
    return [Problem(name, "unknown_field") for name in sorted(values.keys() - known)]


def _too_long(values: Mapping[str, str], most: Mapping[str, int]) -> list[Problem]:
    return [Problem(name, "too_long") for name, limit in most.items() if len(values.get(name, "")) > limit]


def read_amount(text: str) -> Decimal | None:
    """Return a sum of money with two decimals at most; None: it is none."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    good = amount.is_finite() and 0 <= amount < _MAX_AMOUNT and amount == round(amount, 2)
    return abs(amount) if good else None
