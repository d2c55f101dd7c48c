"""Payments and orders by name and amount: spellings of one person agree, doubt is never a match (S4.19)."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.platform.http.problems import Fault
from services.intake.payment_imports.convert import payments_of, read_table
from services.intake.payment_imports.rules import Candidate, Imported, MatchState, judge, same_person
from services.intake.payment_imports.schemas import ImportedPaymentIn

pytestmark = pytest.mark.req("S4.19")
TODAY, MOSCOW = date(2026, 3, 2), ZoneInfo("Europe/Moscow")
#: How passports, banks and people transliterate Russian.
WAYS = (
    {"ё": "yo", "й": "y", "ю": "yu", "я": "ya", "х": "kh", "ц": "ts", "щ": "shch", "ы": "y", "э": "e", "ж": "zh"},
    {"ё": "e", "й": "i", "ю": "iu", "я": "ia", "х": "kh", "ц": "ts", "щ": "shch", "ы": "y", "э": "e", "ж": "zh"},
    {"ё": "io", "й": "j", "ю": "ju", "я": "ja", "х": "kh", "ц": "c", "щ": "sch", "ы": "y", "э": "e", "ж": "zh"},
)
SAME = dict(zip("абвгдезиклмнопрстуфчш", [*"abvgdeziklmnoprstuf", "ch", "sh"], strict=True))
# Clusters such as цч are in no name, and transliterated they are another sound.
SYLLABLES = st.tuples(st.sampled_from("бвгджзклмнпрстфхцчшщ"), st.sampled_from("аеиоуыэюяё")).map("".join)
WORDS = st.builds(lambda syllables, end: "".join(syllables) + end, st.lists(SYLLABLES, min_size=2, max_size=4),
                  st.sampled_from(["", "й", "в", "н"]))  # fmt: skip
NAMES = st.lists(WORDS, min_size=2, max_size=3, unique=True).map(" ".join)


def in_latin(name: str, way: dict[str, str]) -> str:
    return "".join({**SAME, **way}.get(sign, sign) for sign in name)


def payment(name: str = "Анна Иванова", key: str = "1", amount: int = 12000) -> Imported:
    return Imported(key, TODAY, name, Decimal(amount), "RUB")


def order(name: str = "Анна Иванова", left: int = 12000, made_on: date = TODAY) -> Candidate:
    return Candidate(uuid4(), uuid4(), name, Decimal(left), "RUB", made_on)


@given(name=NAMES, way=st.sampled_from(WAYS), shuffled=st.randoms(use_true_random=False))
def test_order_case_alphabet_and_yo_say_nothing(name: str, way: dict[str, str], shuffled: Random) -> None:
    words = in_latin(name, way).upper().split()
    shuffled.shuffle(words)
    assert same_person(name, " ".join(words))
    assert same_person(name.replace("ё", "е"), name)


@given(one=NAMES, other=NAMES)
def test_who_is_the_same_is_so_both_ways(one: str, other: str) -> None:
    assert same_person(one, other) == same_person(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Иванова Анна Петровна", "Анна Иванова"),
        ("АННА ПЕТРОВНА И.", "Иванова Анна"),
        ("Yuliya Khokhlova", "Хохлова Юлия"),
        ("Evgenii Shchukin", "Евгений Щукин"),
        ("Semyon Aksenov", "Аксёнов Семен"),
        ("Королёва Алёна", "королева  алена"),
        ("Dmitry Andreev", "Дмитрий Андреев"),
    ],
)
def test_spellings_of_one_person(one: str, other: str) -> None:
    assert same_person(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Анна", "Анна Иванова"),
        ("Анна Иванова", "Анна Петрова"),
        ("А. И.", "Анна Иванова"),
        ("Иванова Анна Петровна", "Иванова Анна Сергеевна"),
        ("", "Анна Иванова"),
    ],
)
def test_too_little_in_common_is_no_match(one: str, other: str) -> None:
    assert not same_person(one, other)


@given(st.lists(st.sampled_from(["Анна Иванова", "Олег Петров", "Иванова Анна"]), max_size=4),
       st.lists(st.sampled_from(["Анна Иванова", "Пётр Сидоров"]), max_size=4))  # fmt: skip
def test_a_proposal_is_of_one_order_and_no_order_is_proposed_twice(payers: list[str], buyers: list[str]) -> None:
    payments = [payment(name, str(n)) for n, name in enumerate(payers)]
    orders = [order(name) for name in buyers]
    judged = judge(payments, orders, ())
    proposed = [said.candidates for said in judged.values() if said.state is MatchState.PROPOSED]
    assert all(len(each) == 1 for each in proposed)
    assert len({each[0].order_id for each in proposed}) == len(proposed)
    assert set(judged) == {each.key for each in payments}


@pytest.mark.parametrize(
    "orders",
    [
        [order(left=11999)],
        [order(made_on=TODAY + timedelta(days=2))],
        [order(made_on=TODAY - timedelta(days=91))],
        [order("Пётр Сидоров")],
        [],
    ],
)
def test_what_does_not_fit_is_of_no_order(orders: list[Candidate]) -> None:
    assert judge([payment()], orders, ())["1"].state is MatchState.UNMATCHED


def test_two_orders_and_an_order_that_is_taken_are_left_to_a_person() -> None:
    two, one = [order(), order()], order()
    assert judge([payment()], two, ())["1"].state is MatchState.AMBIGUOUS
    taken: set[UUID] = {one.order_id}
    assert judge([payment()], [one], taken)["1"].candidates == (one,)


def test_a_table_is_read_as_accountants_write_it() -> None:
    read = read_table(
        "\ufeffДата;ФИО;Сумма;Номер\r\n02.03.2026;Иванова Анна;12 000,00;п-1\r\n;;;\r\n", "RUB", MOSCOW
    )
    first = ImportedPaymentIn(paid_on=TODAY, name="Иванова Анна", amount=Decimal("12000.00"), external_id="п-1")
    assert read == [first]


def test_every_fault_of_a_table_is_named_by_line_and_column() -> None:
    read = read_table("date,name,amount,currency\nnever,Анна,0,RUB\n2026-03-02,,12,рыбы\n", "RUB", MOSCOW)
    assert [(each.pointer, each.code) for each in read if isinstance(each, Fault)] == [
        ("/csv/2/paid_on", "not_a_date"), ("/csv/2/amount", "not_an_amount"), ("/csv/3/name", "missing"),
        ("/csv/3/currency", "unknown_currency"),
    ]  # fmt: skip


OPEN = [
    ('date,name,amount\n2026-03-02,Анна,5\n2026-03-02,"Олег,5\n2026-03-02,Пётр,5\n', "/csv/3"),  # to the end
    ('date,name,amount\n2026-03-02,"Анна,5\n2026-03-02,"Олег",5\n', "/csv/2"),  # to the next quote
    ('date,name,amount\n2026-03-02,"Анна,5\n2026-03-02,Олег",5\n', "/csv/2"),  # closed by a stray one
    ('date,name,amount,what\n2026-03-02,Анна,5,"курс\n2026-03-02,Олег,5,курс"\n', "/csv/2"),  # in another column
    ('date,name,amount\n2026-03-02,Анна,5\n2026-03-02,"Олег,5', "/csv/3"),  # in the last line
    ('date,"name,amount\n2026-03-02,Анна,5\n', "/csv/1"),
]


@pytest.mark.parametrize(("table", "pointer"), OPEN)
def test_a_quote_that_swallows_lines_is_a_fault_of_the_line_where_it_opens(table: str, pointer: str) -> None:
    read = read_table(table, "RUB", MOSCOW)
    assert [(each.pointer, each.code) for each in read if isinstance(each, Fault)] == [(pointer, "not_a_table")]
    assert not any(isinstance(each, ImportedPaymentIn) for each in read)


def test_what_is_quoted_properly_is_read_and_lines_are_counted_as_in_the_file() -> None:
    table = (
        'date,name,amount,what\n2026-03-02,"Иванова ""Анна""",5,"за курс,\nс 1 марта"\n2026-03-02,"Олег" Петров,-,x'
    )
    [fault] = [each for each in read_table(table, "RUB", MOSCOW) if isinstance(each, Fault)]
    assert (fault.pointer, fault.code) == ("/csv/4/amount", "not_an_amount")
    names = [
        each.name for each in read_table(table.replace("-,x", "7,x"), "RUB", MOSCOW) if not isinstance(each, Fault)
    ]
    assert names == ['Иванова "Анна"', "Олег Петров"]


def test_equal_lines_are_two_payments_and_an_id_is_one() -> None:
    row = ImportedPaymentIn(paid_on=TODAY, name="Анна  Иванова", amount=Decimal(5))
    with_id = row.model_copy(update={"external_id": "1"})
    assert len({each.key for each in payments_of([row, row, with_id, with_id])}) == 3
    assert payments_of([row])[0].key == payments_of([row.model_copy(update={"name": "анна иванова"})])[0].key
