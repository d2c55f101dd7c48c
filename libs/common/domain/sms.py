"""How many segments an SMS takes (3GPP TS 23.038, 23.040): 160 of GSM-7, joined 153; of UCS-2 70, joined 67."""

from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape before each


class Encoding(StrEnum):
    """The alphabet of a text message."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


_ONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_JOINED = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs: `units` are septets or 16-bit units, `count` is what the operator bills."""

    encoding: Encoding
    units: int
    count: int


def segments(text: str) -> Segments:
    """Return the segments of a text; none for an empty one."""
    encoding = Encoding.GSM7 if _BASIC.union(_EXTENDED).issuperset(text) else Encoding.UCS2
    sizes = [_size(character, encoding) for character in text]
    units = sum(sizes)
    if units <= _ONE[encoding]:
        return Segments(encoding, units, int(units > 0))
    return Segments(encoding, units, _joined(sizes, _JOINED[encoding]))


def _size(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1


def _joined(sizes: list[int], limit: int) -> int:
    """Return how many parts of `limit` units a text takes: no character is cut in two."""
    parts, room = 1, limit
    for size in sizes:
        if size > room:
            parts, room = parts + 1, limit
        room -= size
    return parts
