"""Bytes as text: in the charset that is named, else as what the bytes are; what they cannot be becomes U+FFFD."""

import codecs
import re
from typing import Literal

Charset = Literal["utf-8", "windows-1251", "koi8-r", "iso-8859-1"]
CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "windows-1251": "windows-1251",
    "cp1251": "windows-1251",
    "koi8-r": "koi8-r",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
# What windows-1251 writes of Russian, Ukrainian and Belarusian: the alphabet, and the marks that stand among them.
_CYRILLIC = re.compile(r"[\x00-\x7fА-Яа-яЁёІіЇїЄєҐґЎў№«»–—…„“”‘’•\u00a0]*")
_CYRILLIC_ONE = re.compile(r"[А-Яа-яЁёІіЇїЄєҐґЎў]")


def decoded(data: bytes, charset: str) -> str:
    """Return bytes as text. A byte order mark says the charset itself; what is no UTF-8 may be windows-1251."""
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(marked, "replace")
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        old = data.decode("windows-1251", "replace")
    if _CYRILLIC.fullmatch(old) and _CYRILLIC_ONE.search(old):
        return old
    return data.decode(charset, "replace")
