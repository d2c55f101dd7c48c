"""How numbers and addresses are shown to who need not reach the person (P.7): enough to know one from another.

However a number is spelt, at least five of its digits are hidden, and never others in another spelling.
"""

import re
from collections.abc import Mapping

HIDDEN = "***"
_LAST, _LEAST = 4, 5  # digits of a number that are shown at its end, and that are hidden
_SHORT_CODES = "17"  # the country codes of one digit; of others two are shown

_ADDRESSES = ("phone", "phone_raw", "email")
_EMAIL = re.compile(r"([^@\s])[^@\s]*@((?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+))")
# Words that are a telephone number alone, what may stand around it, and how many digits it has.
_NUMBER = re.compile(r"\+?[\d\s().\-\u2010-\u2014]+")
_AROUND = " \t\r\n\u00a0.,;:!?"
_CALLED = range(10, 16)


def masked(text: str) -> str:
    """Return a number as `+7***1201`, an e-mail as `a***@example.org`, a channel's name as `a***`.

    Only a number in E.164 says its country, and what is short shows nothing.
    """
    if email := _EMAIL.fullmatch(text):
        return f"{email[1]}{HIDDEN}@{email[2]}"
    digits = [each for each in text if each.isdecimal()]
    if len(digits) >= _LAST + _LEAST:
        return f"{_code(text, len(digits))}{HIDDEN}{''.join(digits[-_LAST:])}"
    begins = re.match(r"@?[^\W\d_]", text)
    return f"{begins[0]}{HIDDEN}" if begins else HIDDEN


def _code(text: str, digits: int) -> str:
    """Return the beginning of a number in E.164 that may be shown."""
    if not re.fullmatch(r"\+[0-9]+", text):
        return ""
    shown = 1 if text[1] in _SHORT_CODES else 2
    return text[: 1 + shown] if digits - shown - _LAST >= _LEAST else ""


def masked_words(text: str) -> str:
    """Return words of a person, masked if they are nothing but an e-mail address or a telephone number.

    Others stay, as they do wherever people wrote them; so does what is too short or too long to be called.
    """
    said = text.strip(_AROUND)
    digits = sum(each.isdecimal() for each in said)
    is_number = _NUMBER.fullmatch(said) is not None and digits in _CALLED
    return masked(said) if is_number or _EMAIL.fullmatch(said) else text


def masked_person(person: Mapping[str, object]) -> dict[str, object]:
    """Return a person without what reaches them; the name stays.

    Where the number is known, its other spelling is shown as the number is: two views of one would show more.
    """
    shown = dict(person)
    for name in _ADDRESSES:
        if isinstance(value := shown.get(name), str):
            shown[name] = masked(value)
    if isinstance(shown.get("phone"), str) and isinstance(shown.get("phone_raw"), str):
        shown["phone_raw"] = shown["phone"]
    if isinstance(known := shown.get("identities"), list):
        shown["identities"] = [{**each, "value": masked(each["value"])} for each in known]
    return shown
