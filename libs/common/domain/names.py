"""Names of people as they may stand in a message: one line, no link, no markup, nothing invisible."""

import re
from unicodedata import category

_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
# What a messenger would turn into a link: an address with its scheme, one with a path, a mailbox, a host.
_LINK = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}:/*\S*[/.]\S*|www\.\S+|\S+\.\S+/\S*|\d{1,3}(?:\.\d{1,3}){3}|\S+@\S+\.\S+"
    r"|(?<![\w.])(?:[\w-]+\.)+(?:com|net|org|info|biz|ru|su|рф|рус|kz|by|ua|uz|me|io|pro|shop|site|online|club|store|link"
    r"|app|xyz|top|москва|онлайн|сайт|орг|ком|дети)(?![\w.])",
    re.IGNORECASE,
)
# `anna.smith` is no host that we know, but may be one.
_DOT = re.compile(r"(?<=[^\W\d_]{2})\.(?=[^\W\d_]{2})")
_WORDS = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)*")
_WORDLESS = frozenset("PZC")  # categories: punctuation, separators, controls
#: What stands for no name, in any case.
_NOTHING = frozenset({
    "null", "undefined", "none", "nan", "nil", "n/a", "na", "no name", "noname", "unknown", "anonymous", "empty",
    "false", "true", "name", "your name", "[object object]", "object object", "нет", "нет имени", "без имени",
    "не указано", "не указан", "не указана", "не задано", "неизвестно", "неизвестный", "пусто", "имя", "ваше имя",
    "аноним",
})  # fmt: skip


def plain_name(text: str) -> str:
    """Return a name without links, markup and line breaks; empty when nothing that is a name is left."""
    if _WORDS.fullmatch(text):  # most names are a word or a few
        return "" if text.casefold() in _NOTHING else text
    name = _cut(text)
    while (rest := _cut(name)) != name:  # what stood on both sides of a link may be one together
        name = rest
    return name


def _cut(text: str) -> str:
    visible = "".join(" " if c.isspace() or category(c) == "Cc" else c for c in text if category(c) != "Cf")
    cut = _LINK.sub(" ", _TAG.sub(" ", visible))
    name = " ".join(_DOT.sub(". ", cut).replace("@", " ").split()).strip(" \"'`,;:<>|/\\")
    nameless = name.casefold().strip("()[]<>{}") in _NOTHING or all(category(c)[0] in _WORDLESS for c in name)
    return "" if nameless else name


def has_link(text: str) -> bool:
    """Return whether a messenger would make a link of a part of the text."""
    return _LINK.search(text) is not None
