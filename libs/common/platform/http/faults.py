"""Errors of pydantic as faults with JSON pointers and messages in the caller's language."""

from collections.abc import Mapping, Sequence
from typing import get_args

from pydantic import ValidationError

from libs.common.platform.http.language import Language, Text
from libs.common.platform.http.problems import Fault, Place, Problem
from libs.common.platform.http.wire import WrongValueError

_PLACES: Mapping[str, Place] = {place: place for place in get_args(Place)}

#: Faults of a shape, by pydantic's codes, with their texts.
_RU = {
    "missing": "обязательное поле",
    "extra_forbidden": "такого поля нет",
    "string_type": "нужна строка",
    "string_too_short": "не короче {min_length} знаков",
    "string_too_long": "не длиннее {max_length} знаков",
    "string_pattern_mismatch": "не подходит под образец",
    "int_type": "нужно целое число",
    "int_parsing": "нужно целое число",
    "int_from_float": "нужно целое число",
    "float_type": "нужно число",
    "float_parsing": "нужно число",
    "decimal_type": "нужно число",
    "decimal_parsing": "нужно число",
    "bool_type": "нужно true или false",
    "bool_parsing": "нужно true или false",
    "greater_than": "должно быть больше {gt}",
    "greater_than_equal": "должно быть не меньше {ge}",
    "less_than": "должно быть меньше {lt}",
    "less_than_equal": "должно быть не больше {le}",
    "enum": "одно из: {expected}",
    "literal_error": "одно из: {expected}",
    "uuid_parsing": "нужен UUID",
    "uuid_type": "нужен UUID",
    "datetime_parsing": "нужны дата и время RFC 3339",
    "datetime_from_date_parsing": "нужны дата и время RFC 3339",
    "datetime_type": "нужны дата и время RFC 3339",
    "timezone_aware": "нужно смещение от UTC",
    "date_parsing": "нужна дата ГГГГ-ММ-ДД",
    "date_from_datetime_parsing": "нужна дата ГГГГ-ММ-ДД",
    "dict_type": "нужен объект",
    "model_type": "нужен объект",
    "model_attributes_type": "нужен объект",
    "list_type": "нужен список",
    "too_short": "не меньше элементов: {min_length}",
    "too_long": "не больше элементов: {max_length}",
    "url_parsing": "нужен адрес URL",
    "null_given": "это нельзя убрать: не указывайте или дайте значение",
    "nothing_given": "нечего менять",
}

#: Faults of rules that declarations have, with their texts.
_RULES_RU = {
    "unknown_field": "«{name}» — не наше поле; похожие: {alike}; есть: {known}",
    "hidden_value": "*** стоит вместо скрытого значения: пришлите его целиком или не указывайте",
}

#: Codes of what a schema can say; all other faults are of rules.
SHAPES = frozenset(_RU) | {"unknown_parameter", "given_twice", "nul_character", "lone_surrogate"}


def validation_problem(errors: Sequence[Mapping[str, object]], language: Language, body: object = None) -> Problem:
    """Return a 422 that names every fault at once; the offending values themselves are not repeated."""
    kept = [error for error in errors if not _follows(error, errors)]
    return Problem(422, "validation_failed", errors=[_fault(error, language, body) for error in kept])


def _follows(error: Mapping[str, object], errors: Sequence[Mapping[str, object]]) -> bool:
    """Return whether a list is only too short because of a faulty item in it, which is named itself."""
    place = error.get("loc")
    if error.get("type") != "too_short" or not isinstance(place, tuple):
        return False
    others = (other.get("loc") for other in errors)
    return any(isinstance(at, tuple) and len(at) > len(place) and at[: len(place)] == place for at in others)


def faults_under(place: Sequence[object], error: ValidationError, body: object = None) -> list[Fault]:
    """Return the faults of a part of a document that is validated by itself, in both languages.

    `place`: the path to the part; `body`: what was validated. No value is repeated.
    """
    return [
        Fault(
            pointer([*place, *untagged(each["loc"], body)]),
            each["type"],
            Text(*(_message({**each}, each["type"], language) for language in (Language.RU, Language.EN))),
        )
        for each in error.errors(include_input=False, include_url=False)
    ]


def pointer(parts: Sequence[object]) -> str:
    """Return the JSON pointer of a path (RFC 6901); the whole document is the empty string."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def untagged(parts: Sequence[object], body: object) -> list[object]:
    """Return a path without the tags of discriminated unions: pydantic names them though no member has them.

    It descends into nothing that is not there, so a name that is not there and not the last one is a tag. That a
    member's name is wrong, not its value, pydantic says by `[key]`.
    """
    kept: list[object] = []
    parts = parts[:-1] if parts and parts[-1] == "[key]" else parts
    for number, part in enumerate(parts, 1):
        if isinstance(body, dict):
            if part not in body and number < len(parts):
                continue
            body = body.get(part)
        elif isinstance(body, list) and isinstance(part, int) and part < len(body):
            body = body[part]
        else:
            body = None
        kept.append(part)
    return kept


def _fault(error: Mapping[str, object], language: Language, body: object) -> Fault:
    location = error.get("loc")
    parts = list(location) if isinstance(location, tuple | list) else []
    place = _PLACES.get(str(parts[0])) if parts else None
    code = str(error.get("type", "invalid"))
    inside = parts[1:] if place else parts
    return Fault(pointer(untagged(inside, body)), code, _message(error, code, language), place or "body")


def _message(error: Mapping[str, object], code: str, language: Language) -> str:
    context = error.get("ctx")
    said = context.get("error") if isinstance(context, Mapping) else None
    if isinstance(said, WrongValueError):
        return said.text.in_language(language)
    english = str(error.get("msg", "invalid")).removeprefix("Value error, ")
    texts = _RU | _RULES_RU
    if language is Language.EN or code not in texts:
        # Messages of our own validators come with type value_error, in the language they were written in.
        return english if language is Language.EN or code == "value_error" else "недопустимое значение"
    values = {key: str(value) for key, value in context.items()} if isinstance(context, Mapping) else {}
    if "expected" in values:
        values["expected"] = values["expected"].replace(" or ", " или ")
    return texts[code].format_map(_Blank(values))


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"
