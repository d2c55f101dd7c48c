"""How numbers and addresses are shown to who need not reach the person (P.7): enough to know one from another."""

from collections.abc import Mapping

HIDDEN = "***"
_FIRST, _LAST = 5, 4  # characters of a number that are shown

_ADDRESSES = ("phone", "phone_raw", "email")


def masked(text: str) -> str:
    """Return a number as `+7900***1201`, an e-mail as `a***@example.org`, and of what is short nothing."""
    name, at, domain = text.partition("@")
    if at:
        return f"{name[:1]}{HIDDEN}@{domain}"
    if len(text) <= _FIRST + _LAST:
        return HIDDEN
    return f"{text[:_FIRST]}{HIDDEN}{text[-_LAST:]}"


def masked_person(person: Mapping[str, object]) -> dict[str, object]:
    """Return a person by whom no one is reached; the name stays, for by it one is spoken of."""
    shown = dict(person)
    for name in _ADDRESSES:
        if isinstance(value := shown.get(name), str):
            shown[name] = masked(value)
    if isinstance(known := shown.get("identities"), list):
        shown["identities"] = [{**each, "value": masked(each["value"])} for each in known]
    return shown
