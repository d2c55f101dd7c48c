"""Identifiers as senders give them, and the closed list of placeholders for a missing one.

Two orders with one placeholder would become one lead, and the second customer would be lost. So these are no
identifiers, in any case and padding, also as part of a template (`order-{id}`, `lead_undefined`):

- text without a digit other than zero and without any of the alphabet: `0`, `0.00`, `-`, `—`, `***`, a UUID of
  zeros; and `-1`, `0x0`
- words for nothing, and names of the field itself: `null`, `n/a`, `[object Object]`, `нет`, `order_id`
- unfilled places of a template: `{id}`, `{{id}}`, `${id}`, `%id%`, `[id]`, `<id>`, `#ID#`, `$id`
- the `id` of an HTML form: `form`, `form1`, `contact-form-2`, `orderForm`, `form477389174`
"""

import hashlib
import re
from html import unescape
from unicodedata import digit, normalize
from urllib.parse import unquote

MAX_ID = 200  # characters

_NOTHING = frozenset({
    "null", "nullptr", "none", "nil", "nul", "void", "undefined", "undef", "nan", "inf", "infinity", "false",
    "true", "yes", "no", "not", "on", "off", "na", "empty", "blank", "unset", "unknown", "missing", "absent",
    "default", "object", "array", "string", "integer", "value", "nbsp", "ndash", "mdash", "нет", "не", "без",
    "пусто", "неизвестно", "неизвестен", "отсутствует", "указан", "указано", "указана", "задан", "задано",
    "задана", "определен", "определено",
})  # fmt: skip
_NAMES = frozenset({
    "id", "ids", "uid", "uuid", "guid", "key", "code", "num", "number", "nr", "external", "order", "orders",
    "orderid", "orderno", "ordernumber", "lead", "leadid", "deal", "dealid", "externalid", "externalnumber",
    "tranid", "transaction", "transactionid", "request", "requestid", "form", "ид", "номер", "код", "заказ",
    "заказа", "заявка", "заявки", "сделка", "сделки", "номера",
})  # fmt: skip
_WHOLE = frozenset({
    "-1", "n/a", "n.a.", "n.a", "n\\a", "n/d", "н/д", "б/н", "#n/a", "#ref!", "#name?", "#div/0!", "0x0", "0b0",
})  # fmt: skip
_GUID = r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"
_UNFILLED = re.compile(
    r"\{+[^{}]{0,100}\}+"
    r"|\[+[a-z_$%][^\[\]@]{0,100}\]+"
    r"|<+[%?=\s]*[a-z_$][^<>@]{0,100}>+"
    r"|%+[a-z_][\w.:-]{0,60}%+|%(?:\(\w{1,60}\)|\d\$)?[sdi]\b"
    r"|#[a-z_][\w.]{0,60}#|__[a-z][a-z_]{0,60}__|\*\|[\w:]{1,60}\|\*"
)
# Brackets around a real value, as Windows writes a GUID.
_FILLED = re.compile(rf"[{{\[<]+\s*(?:{_GUID}|\d{{3,}})\s*[}}\]>]+")
_VARIABLE = re.compile(r"\$[a-z_]\D*")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_FORM = re.compile(
    r"(?:g|w|wp|web|my|main|order|contacts?|lead|call(?:back)?|feedback|request|quiz|popup|modal|buy|cart|checkout"
    r"|subscribe|register|registration|zakaz|zayavka|header|footer)?forms?|popup|modal|форм[аы]"
)
_FORM_DIGITS = 3
_BUILDERS_FORM = re.compile(r"form\d{1,10}|wpcf7-f\d+(?:-[po]\d+)*")  # Tilda's, Contact Form 7's


def identifier_of(text: str) -> str:
    """Return at most 200 characters; a longer text ends in its digest, so that two stay distinct."""
    if len(text) <= MAX_ID:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: MAX_ID - len(digest) - 1]}-{digest}"


def is_no_id(text: str) -> bool:
    """Return whether a text is a placeholder for a missing identifier."""
    text = text.strip()
    if not any(c.isalnum() and digit(c, 1) for c in text):  # nothing alphabetic, and no digit but zero
        return True
    if text.isdecimal() or len(text) > MAX_ID:
        return False
    plain = unescape(text)
    return _says_nothing(plain) or ("%" in plain and _says_nothing(unquote(plain)))


def _says_nothing(text: str) -> bool:
    text = normalize("NFKC", text).strip()
    spelled, text = text, text.casefold()
    if text in _WHOLE or _VARIABLE.fullmatch(text) or _BUILDERS_FORM.fullmatch(text):
        return True
    left = _UNFILLED.sub(lambda match: match[0] if _FILLED.fullmatch(match[0]) else " ", text)
    if left != text and not any(c.isdigit() for c in left):
        return True
    # `orderId` is one word or two.
    return any(_all_empty(each) or _is_form(each) for each in {left, _HUMP.sub(" ", spelled).casefold()})


def _all_empty(text: str) -> bool:
    words: list[str] = _WORD.findall(text.replace("ё", "е"))
    return all(word in _NOTHING or word in _NAMES or not word.strip("0") for word in words)


def _is_form(text: str) -> bool:
    words: list[str] = _WORD.findall(text)
    digits = sum(len(word) for word in words if word.isdigit())
    return digits <= _FORM_DIGITS and any(_FORM.fullmatch(word) for word in words)
