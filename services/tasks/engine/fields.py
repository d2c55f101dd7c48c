"""The fields of an outcome: what an operator fills in, read by the type that the playbook gives them (S0.6)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from libs.common.domain.masking import masked, masked_words
from libs.common.domain.phone import read_phone
from services.tasks.engine.forms import Form, read_answers, read_document
from services.tasks.playbooks.fields import FieldSpec, FieldType, FieldValue, Questionnaire
from services.tasks.playbooks.model import Outcome, Playbook
from services.tasks.playbooks.terms import Title

LONGEST_TEXT = 4000
FARTHEST = timedelta(days=3 * 366)
LARGEST = Decimal(10) ** 15
#: Digits after the point.
#: Types of what no message names: it is personal, or no words.
UNSAID = frozenset({FieldType.TEXT, FieldType.PHONE, FieldType.PERSON, FieldType.DOCUMENT, FieldType.QUESTIONNAIRE})
_DIGITS = {FieldType.NUMBER: 6, FieldType.MONEY: 2}

Given: TypeAlias = Mapping[str, object]


class _WrongError(ValueError):
    """A value does not fit its field."""

    def __init__(self, code: str, ru: str, en: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, Title(ru, en)


@dataclass(frozen=True, slots=True)
class MatrixFault:
    """A field of an outcome that does not meet its requirements (S1.7)."""

    pointer: str
    code: str
    detail: Title


@dataclass(frozen=True, slots=True)
class FieldsRead:
    """The fields of an outcome in canonical form, and every fault of them."""

    values: Mapping[str, FieldValue]
    faults: tuple[MatrixFault, ...]


def read_fields(
    outcome: Outcome,
    given: Given,
    problem: str | None,
    now: datetime,
    people: Collection[str] = (),
    questionnaires: Mapping[str, Questionnaire] = MappingProxyType({}),
) -> FieldsRead:
    """Check what was given against the outcome's fields; null and an empty text count as not given.

    `people` are the ids of those to whom a task may be given; `questionnaires` are the playbook's.
    """
    filled = {name: value for name, value in given.items() if value is not None and value != ""}
    values: dict[str, FieldValue] = {}
    faults = list(_unknown(outcome, filled))
    for name, spec in outcome.fields.items():
        try:
            value = _read(spec, filled.get(name), problem, now, people, questionnaires)
            if isinstance(value, Form):
                faults += [MatrixFault(f"/fields/{name}{one.at}", one.code, one.detail) for one in value.faults]
                values[name] = value.parts
            elif value is not None:
                values[name] = value
        except _WrongError as wrong:
            faults.append(MatrixFault(f"/fields/{name}", wrong.code, wrong.detail))
    return FieldsRead(values, tuple(faults))


def field_texts(playbook: Playbook, values: Mapping[str, FieldValue], language: str, zone: str) -> dict[str, str]:
    """Return the fields that a message may name, in words; texts and phones are personal and stay here."""
    texts = {}
    for name, value in values.items():
        spec = playbook.field(name)
        if spec is not None and (text := _in_words(playbook, spec, value, language, zone)):
            texts[name] = text
    return texts


def said_fields(playbook: Playbook) -> tuple[str, ...]:
    """Return the names of the fields that a message may name."""
    outcomes = (outcome for kind in playbook.task_types.values() for outcome in kind.outcomes.values())
    fields = {name: spec.type for outcome in outcomes for name, spec in outcome.fields.items()}
    return tuple(name for name, kind in fields.items() if kind not in UNSAID)


def moment_of(values: Mapping[str, FieldValue], name: str, zone: str) -> datetime | None:
    """Return the moment in a field; a date is the beginning of its day in `zone`."""
    value = values.get(name)
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))


def _unknown(outcome: Outcome, filled: Given) -> Iterator[MatrixFault]:
    known = ", ".join(outcome.fields) or "—"
    for name in filled.keys() - outcome.fields.keys():
        detail = Title(f"Такого поля нет; есть: {known}", f"There is no such field; there are: {known}")
        yield MatrixFault(f"/fields/{name}", "unknown_field", detail)


def _read(
    spec: FieldSpec,
    value: object,
    problem: str | None,
    now: datetime,
    people: Collection[str],
    questionnaires: Mapping[str, Questionnaire],
) -> str | bool | Form | None:
    if value is None:
        if not spec.optional or problem in spec.required_when:
            raise _WrongError("field_required", "Заполните поле", "Fill in this field")
        return None
    if problem in spec.forbidden_when:
        raise _WrongError("field_forbidden", "Это поле здесь не заполняют", "This field is not filled in here")
    if spec.type is FieldType.QUESTIONNAIRE:
        return read_answers(questionnaires[spec.questionnaire or ""], value)
    return _typed(spec, value, now, people)


def _typed(spec: FieldSpec, value: object, now: datetime, people: Collection[str]) -> str | bool | Form:  # noqa: C901 - one flat case per type
    match spec.type:
        case FieldType.TEXT:
            return _text(value)
        case FieldType.NUMBER | FieldType.MONEY:
            return _amount(spec, value)
        case FieldType.DATE:
            return _date(spec, value, now)
        case FieldType.MOMENT:
            return _moment(spec, value, now)
        case FieldType.CHOICE:
            return _choice(spec, value)
        case FieldType.PHONE:
            return _phone(value)
        case FieldType.FLAG:
            return _flag(value)
        case FieldType.PERSON:
            return _person(value, people)
        case FieldType.DOCUMENT:
            return read_document(value)
        case FieldType.QUESTIONNAIRE:
            raise TypeError("answers are read by their questionnaire")
        case _:
            assert_never(spec.type)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongError("not_a_text", "Нужен текст", "A text is needed")
    if len(value) > LONGEST_TEXT:
        raise _WrongError("text_too_long", "Текст слишком длинный", "The text is too long")
    return value.strip()


def _amount(spec: FieldSpec, value: object) -> str:
    """Read an exact number; a sum of money has at most two digits after the point."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _not_a_number(spec)
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise _not_a_number(spec) from None
    exponent = found.as_tuple().exponent
    if not isinstance(exponent, int) or abs(found) >= LARGEST or exponent < -_DIGITS[spec.type]:  # a word: infinite
        raise _not_a_number(spec)
    lowest, highest = spec.at_least, spec.at_most
    if (lowest is not None and found < lowest) or (highest is not None and found > highest):
        limits = f"{'' if lowest is None else lowest}…{'' if highest is None else highest}"
        raise _WrongError("out_of_range", f"Допустимо {limits}", f"Allowed is {limits}")
    return f"{found:f}"


def _not_a_number(spec: FieldSpec) -> _WrongError:
    if spec.type is FieldType.MONEY:
        return _WrongError("not_money", "Нужна сумма, например 990.50", "A sum is needed, such as 990.50")
    return _WrongError("not_a_number", "Нужно число", "A number is needed")


def _date(spec: FieldSpec, value: object, now: datetime) -> str:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise _WrongError("not_a_date", "Нужна дата, например 2026-12-31", "A date is needed, such as 2026-12-31")
    # The day that it is now somewhere on earth is not past yet.
    if spec.future and found < (now - timedelta(hours=12)).date():
        raise _past()
    if abs(found - now.date()) > FARTHEST:
        raise _too_far()
    return found.isoformat()


def _moment(spec: FieldSpec, value: object, now: datetime) -> str:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        ru, en = "Нужно время со смещением от UTC", "A time with its offset from UTC is needed"
        raise _WrongError("not_a_moment", f"{ru}: 2026-12-31T18:00+03:00", f"{en}: 2026-12-31T18:00+03:00")
    if spec.future and found <= now:
        raise _past()
    if abs(found - now) > FARTHEST:
        raise _too_far()
    return found.isoformat()


def _past() -> _WrongError:
    return _WrongError("in_the_past", "Время должно быть в будущем", "The time must lie in the future")


def _too_far() -> _WrongError:
    return _WrongError("too_far", "Слишком далёкое время", "The time is too far away")


def _choice(spec: FieldSpec, value: object) -> str:
    if isinstance(value, str) and value in spec.of:
        return value
    known = ", ".join(spec.of)
    raise _WrongError("not_a_choice", f"Такого варианта нет; есть: {known}", f"No such choice; there are: {known}")


def _phone(value: object) -> str:
    found = read_phone(value) if isinstance(value, str) else None
    if found is None or not found.valid or found.e164 is None:
        raise _WrongError("not_a_phone", "Нужен действующий номер телефона", "A valid phone number is needed")
    return found.e164


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _WrongError("not_a_flag", "Нужно да или нет", "True or false is needed")


def _person(value: object, people: Collection[str]) -> str:
    if isinstance(value, str) and value.lower() in people:
        return value.lower()
    raise _WrongError("not_a_person", "Нужен сотрудник этого отдела", "An operator of this desk is needed")


def _in_words(playbook: Playbook, spec: FieldSpec, value: FieldValue, language: str, zone: str) -> str:
    match spec.type:
        case FieldType.TEXT | FieldType.PHONE | FieldType.PERSON | FieldType.DOCUMENT | FieldType.QUESTIONNAIRE:
            return ""
        case FieldType.NUMBER | FieldType.MONEY:
            return str(value)
        case FieldType.DATE:
            return f"{date.fromisoformat(str(value)):%d.%m.%Y}"
        case FieldType.MOMENT:
            return f"{datetime.fromisoformat(str(value)).astimezone(ZoneInfo(zone)):%d.%m.%Y %H:%M}"
        case FieldType.CHOICE:
            title = playbook.problems.get(str(value))
            return title.of(language) if title else ""
        case FieldType.FLAG:
            yes, no = ("yes", "no") if language == "en" else ("да", "нет")
            return yes if value else no
        case _:
            assert_never(spec.type)


def unreachable(spec: FieldSpec | None, value: FieldValue) -> FieldValue:
    """Return a value by which nobody is reached (P.7): a phone is masked, and words that are one, or an address.

    Of a document that is its title: its own number and its place reach no one.
    """
    match spec.type if spec is not None else None, value:
        case FieldType.PHONE, str():
            return masked(value)
        case FieldType.TEXT, str():
            return masked_words(value)
        case FieldType.QUESTIONNAIRE, Mapping():
            return {name: masked_words(said) for name, said in value.items()}
        case FieldType.DOCUMENT, Mapping():
            return {name: masked_words(said) if name == "title" else said for name, said in value.items()}
        case _:
            return value
