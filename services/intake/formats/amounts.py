"""Sums of money as people and machines write them: the amount, or none; never a wrong sum.

A text is a sum when every word of it is known and it has one number: `1 990,00 руб.`, `Rs.1'990`, `15 тыс. ₽`.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from unicodedata import digit

MAX_AMOUNT = Decimal(10) ** 12
_CENT = Decimal("0.01")
#: A sign, or how a word of money begins (with `*`) or reads, and its currency (ISO 4217).
_CURRENCIES = {
    "RUB": "₽ р p руб* рубл* rub rur rubles roubles ruble",
    "KZT": "₸ тг тенге kzt",
    "USD": "$ usd us дол* dollars",
    "EUR": "€ eur евро euro",
    "BYN": "byn br",
    "UAH": "₴ uah грн грив*",
    "ILS": "₪ ils nis шек*",
    "INR": "₹ inr rs re рупи*",
    "GBP": "£ gbp",
    "TRY": "₺ try tl",
    "GEL": "₾ gel лари",
    "AMD": "֏ amd драм*",
    "AZN": "₼ azn манат*",
    "KGS": "kgs сом*",
    "UZS": "uzs сум сумов",
    "PLN": "pln zł zl злот*",
    "MDL": "mdl лей лея",
    "TJS": "tjs сомони",
    "MNT": "₮ mnt",
    "AED": "aed",
    "CNY": "cny юан*",
    "JPY": "jpy",
    "CHF": "chf",
    "CZK": "czk kč",
    "THB": "฿ thb",
    "VND": "₫ vnd",
}
_WHOLE = {word: code for code, words in _CURRENCIES.items() for word in words.split() if not word.endswith("*")}
_BEGINNING = tuple(
    (word[:-1], code) for code, words in _CURRENCIES.items() for word in words.split() if word.endswith("*")
)
_THOUSAND = frozenset({"тыс", "тысяч", "тысячи", "тысяча", "тр", "k", "к"})
_MILLION = frozenset({"млн", "миллион", "миллиона", "миллионов", "mln"})
_BESIDE = frozenset({
    "итого", "итог", "сумма", "цена", "стоимость", "всего", "оплате", "заказа", "total", "price", "amount", "cost",
    "sum",
})  # fmt: skip
_PENNY = ("коп", "kop", "cent", "цент")

# Groups of three digits parted by one kind of mark, or digits; then a part after a comma or point.
_NUMBER = r"""(?P<whole>
      [1-9]\d{0,2}(?:(?P<group>[ '’`.,])\d{3})(?:(?P=group)\d{3})*(?!\d)
    | [1-9]\d?(?:,\d{2})+,\d{3}(?!\d)  # as in India
    | \d+
    |(?=[.,]\d))
    (?:[.,](?P<part>\d+)|[.,](?=\s|[-–—]|[^\W\d_]|$))?"""
_PIECE = re.compile(
    rf"(?P<number>{_NUMBER})|(?P<word>[^\W\d_]+[ʻ’']?[^\W\d_]*\.?)|(?P<sign>[₽₸$€₴₪₹£₺₾֏₼₮฿₫])"
    r"|(?P<filler>[\s:=+]+|\((?!\s*\d)|\)|[-–—]+$|(?<=[.,])[-–—]+|\.$)",
    re.VERBOSE,
)
# `т.р.` for thousands of roubles, `к оплате` for what is to be paid.
_SHORTENED = re.compile(r"(?<![^\W\d_])(?:т\.? ?р\b\.?|к оплате)", re.IGNORECASE)
_LONG = {"т": "тр", "к": "оплате"}
_MACHINES = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")
_FEW = 2  # digits of a part of a hundred


def read_amount(text: str, *, grouped: bool = True) -> Decimal | None:
    """Return `12 000,50 руб.` as 12000.50; None for what is no amount from 0 to 10^12.

    `grouped`: one mark before three last digits parts thousands, as people write `1.990 руб.`
    """
    if _MACHINES.fullmatch(text):  # what most senders write
        return Decimal(text).quantize(_CENT)
    pieces = _pieces(_plain(text))
    if pieces is None:
        return None
    numbers = [n for n, (kind, _) in enumerate(pieces) if kind == "number"]
    words = [word.casefold().rstrip(".") for kind, word in pieces if kind == "word"]
    factor = 1
    for word in words:
        if word in _THOUSAND or word in _MILLION:
            factor *= 1000 if word in _THOUSAND else 1_000_000
        elif _code(word) is None and word not in _BESIDE and not word.startswith(_PENNY):
            return None
    if len(numbers) == _FEW and factor == 1 and (small := _pennies(pieces, numbers)) is not None:
        return _sum(pieces[numbers[0]][1], 1, grouped=True, more=small)
    if len(numbers) != 1 or any(word.startswith(_PENNY) for word in words):
        return None
    return _sum(pieces[numbers[0]][1], factor, grouped=grouped and factor == 1)


def read_currency(text: str) -> str | None:
    """Return the ISO 4217 code of a word or sign in the text, or None."""
    if _MACHINES.fullmatch(text):
        return None
    pieces = re.findall(r"[^\W\d_]+|[^\w\s]", text)
    return next((code for piece in pieces if (code := _code(piece.casefold())) is not None), None)


def _code(word: str) -> str | None:
    whole = _WHOLE.get(word)
    return whole or next((code for beginning, code in _BEGINNING if word.startswith(beginning)), None)


def _plain(text: str) -> str:
    """Return the text with ordinary digits, minus and spaces."""
    read = (str(digit(c)) if c.isdecimal() else " " if c.isspace() else c for c in text.replace("−", "-"))
    text = " ".join("".join(read).split())
    return _SHORTENED.sub(lambda match: _LONG[match[0][0].casefold()], text)


def _pieces(text: str) -> list[tuple[str, str]] | None:
    """Return numbers, words and signs in their order; None when something else stands there, a minus too."""
    found, at = list[tuple[str, str]](), 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None or not piece[0]:
            return None
        kind = next(name for name in ("number", "word", "sign", "filler") if piece[name])
        if kind != "filler":
            found.append((kind, piece[0]))
        at = piece.end()
    return found


def _pennies(pieces: list[tuple[str, str]], numbers: list[int]) -> Decimal | None:
    """Return the hundredths of `1990 руб. 50 коп.`, None when the second number is something else."""
    at = numbers[1]
    said = pieces[at + 1][1].casefold() if at + 1 < len(pieces) else ""
    small = pieces[at][1]
    named = at > numbers[0] + 1 and said.startswith(_PENNY) and small.isdigit() and len(small) <= _FEW
    return Decimal(small) / 100 if named else None


def _sum(number: str, factor: int, *, grouped: bool, more: Decimal = Decimal(0)) -> Decimal | None:
    match = re.fullmatch(_NUMBER, number, re.VERBOSE)
    if match is None:
        return None
    whole, part, group = match["whole"], match["part"], match["group"]
    if group in {".", ","} and part is None and whole.count(group) == 1 and not grouped:
        (whole, part), group = whole.split(group), None
        if factor > 1:  # `1.500 тыс.`
            return None
    if (more and part) or (part and number[-len(part) - 1] == group):
        return None
    digits = "".join(c for c in whole if c.isdigit()) or "0"
    try:
        amount = (Decimal(f"{digits}.{part or 0}") * factor + more).quantize(_CENT, rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return amount if amount < MAX_AMOUNT else None
