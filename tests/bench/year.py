"""A year of leads, put into the tables of intake and tasks by a few statements: what reports and search read."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from services.tasks.numbers.rules import Measures
from tests.bench.desk import DESK

MANAGERS = 200
PRODUCTS = 8
SOURCES = 4
_ID = "(lpad(to_hex({n}), 8, '0') || '-0000-7000-800{kind}-' || lpad(to_hex({n}), 12, '0'))::uuid"
_FIRST = "Анна,Мария,Ольга,Елена,Наталья,Татьяна,Ирина,Юлия,Светлана,Екатерина,Дмитрий,Сергей,Алексей,Андрей,Иван"
_LAST = "Иван,Петр,Сидор,Кузнец,Смирн,Попов,Лебед,Козл,Новик,Мороз,Волк,Солов,Васил,Зайц,Павл,Семен,Голуб,Богдан"
_BETWEEN = ",ов,ев,ин,ск,чен,ар,ел,ан,ик,ор,уш,ит,ад,ун,ош,еш,аш,иш,ух"
_END = "ова,ев,ина,енко,ская,ых,юк,ян"

# One lead of all has a name of its own, for a search that finds one.
LEADS = f"""
INSERT INTO lead (id, desk, customer_id, source_id, source, playbook, status, title, stage, signals, name, phone,
    phone_raw, email, language, zone, marketing, created_at, updated_at, version)
SELECT {_ID.format(n="n", kind=1)}, '{DESK}', {_ID.format(n="n", kind=2)}, s.id, s.code, 'bench',
    CASE WHEN n % 3 = 0 THEN 'paid' ELSE 'new' END, '{{"ru": "Новый", "en": "New"}}',
    CASE WHEN n % 3 = 0 THEN 'won' ELSE 'new' END, '{{}}',
    CASE WHEN n = $1 / 2 THEN 'Варвара Единственная' ELSE
        (string_to_array('{_FIRST}', ','))[1 + n * 31 % 15] || ' '
        || (string_to_array('{_LAST}', ','))[1 + n * 17 % 18]
        || (string_to_array('{_BETWEEN}', ','))[1 + n / 7 % 20]
        || (string_to_array('{_END}', ','))[1 + n / 11 % 8] END,
    '+79' || lpad((n::bigint * 7368787 % 1000000007 % 1000000000)::text, 9, '0'), NULL,
    'user' || n || '@mail.example', 'ru', 'Europe/Moscow', '{{}}', made, made, 1
FROM generate_series(1, $1) AS n, source s, LATERAL (SELECT now() - interval '1 year' * ($1 - n) / $1 AS made) t
WHERE s.code = 'bench'
"""
ORDERS = f"""
INSERT INTO sales_order (id, desk, lead_id, customer_id, source_id, external_id, external_number, order_number,
    status, status_said, amount, currency, items, heard_at, created_at, version)
SELECT {_ID.format(n="n", kind=3)}, desk, id, customer_id, source_id, 'gc-' || n, 'G' || n, 1000000 + n, 'new',
    true, 4990, 'RUB', '[{{"title": "Курс чтения", "code": "course", "quantity": 1, "price": null}}]', created_at,
    created_at, 1
FROM lead JOIN generate_series(1, $1) AS n ON id = {_ID.format(n="n", kind=1)}
"""
IDENTITIES = """
INSERT INTO customer_identity (desk, kind, value, customer_id)
SELECT desk, 'phone', phone, customer_id FROM lead UNION ALL SELECT desk, 'email', email, customer_id FROM lead
ON CONFLICT DO NOTHING
"""
CUSTOMERS = """
INSERT INTO customer (id, desk, name, created_at, version) SELECT customer_id, desk, name, created_at, 1 FROM lead
"""
DEFINED = "SELECT pg_get_indexdef('ix_lead_words'::regclass)"
# A row per lead: what a report without rollups would count.
WORK = f"""
CREATE TABLE bench_work AS
SELECT {_ID.format(n="n::int % " + str(MANAGERS), kind=4)} AS operator_id,
    'product-' || n / 3 % {PRODUCTS} AS product, 'source-' || n / 5 % {SOURCES} AS source,
    (now() - interval '1 year' * ($1 - n) / $1)::date AS day,
    (n * 37 % 100 < 40)::int AS paid, (n % 10 < 8)::int AS kept, (n % 600)::int AS seconds
FROM generate_series(1, $1::bigint) AS n
"""
_SUMS = {
    "taken": "count(*)", "paid": "sum(paid)", "kept": "sum(kept)", "late": "sum(1 - kept)", "wins": "sum(paid)",
    "calls": "count(*)", "attempts": "count(*)", "answers": "count(*)", "answer_seconds": "sum(seconds)",
}  # fmt: skip
NUMBERS = f"""
INSERT INTO numbers (desk, span, day, operator_id, product, source, {", ".join(Measures._fields)})
SELECT '{DESK}', span, date_trunc(span, day)::date, operator_id, product, source,
    {", ".join(_SUMS.get(name, "0") for name in Measures._fields)}
FROM bench_work, unnest(ARRAY['day', 'month']) AS span GROUP BY 1, 2, 3, 4, 5, 6
"""


@dataclass(frozen=True, slots=True)
class Year:
    """What was put in."""

    leads: int
    rollups: int


async def fill(url: str, leads: int) -> Year:
    """Put a year of leads into the database of an administrator's URL; the trigrams are sorted in at the end."""
    conn = await asyncpg.connect(url)
    try:
        await conn.execute("SET search_path = intake")
        words = await conn.fetchval(DEFINED)
        await conn.execute("DROP INDEX ix_lead_words")
        for statement in (LEADS, ORDERS):
            await conn.execute(statement, leads)
        for statement in (CUSTOMERS, IDENTITIES, words, "VACUUM ANALYZE"):
            await conn.execute(statement)
        await conn.execute("SET search_path = tasks")
        await conn.execute(WORK, leads)
        made = await conn.execute(NUMBERS)
        await conn.execute("VACUUM ANALYZE numbers")
    finally:
        await conn.close()
    return Year(leads, int(made.rpartition(" ")[2]))
