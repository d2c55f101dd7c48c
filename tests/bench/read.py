"""Reads over a year of leads: reports from rollups, search, exports, each against the same without our means."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import psutil

from tests.bench.desk import DESK, TITLE, make_source, post
from tests.bench.figures import Count, Goal, Part, Table, median, short
from tests.bench.product import product_on, running_processes
from tests.bench.servers import Servers, count
from tests.bench.year import Year, fill

EXPORTED = 100_000  # leads, or all if there are fewer
LOOK = 0.02  # seconds between two looks at a process's memory
RUNS = ("intake-api", "tasks-api")
HOW = (
    "{leads} leads of one year, one order each, are put into the tables: 200 managers, 8 products, 4 sources,"
    " {rollups} rollup rows. The APIs answer one request after the other, {rounds} rounds. Against it, in the same"
    " run and on the same rows: the report counted from a row per lead, the search without trigrams, and"
    " PostgreSQL's own COPY."
)
RAW_REPORT = """
SELECT operator_id, count(*), sum(paid), sum(kept), sum(seconds) FROM tasks.bench_work
WHERE day BETWEEN $1 AND $2 GROUP BY operator_id
"""
RAW_SEARCH = """
SELECT id FROM intake.lead WHERE lower(name) LIKE $1 ORDER BY created_at DESC, id DESC LIMIT 51
"""
RAW_EXPORT = """
SELECT l.*, o.order_number, o.amount FROM intake.lead l JOIN intake.sales_order o ON o.lead_id = l.id
WHERE l.created_at >= $1 ORDER BY l.created_at DESC
"""
#: What is typed, by kind; each finds something but the last.
TYPED: Mapping[str, Sequence[str]] = {
    "a name that one has": ("Единственная", "варвара единств", "Варвара"),
    "a surname": ("Кузнецовова", "лебедарина", "Морозинский", "Семенанян"),
    "a first name, common": ("Анна", "Мария", "дмитрий"),
    "name and surname": ("Анна Соловова", "Павлинина Ольга", "иван козл"),
    "4 digits": ("4567", "0912", "7777"),
    "7 digits": ("123-45-67", "9 912 345", "555 12 12"),
    "the beginning with 8": ("8916", "8 903 1"),
    "a whole phone": ("{phone}", "8{local}", "+7 {local}", "{local}"),
    "a number of an order": ("{number}", "№{number}", "G{n}", "gc-{n}"),
    "an e-mail": ("user{n}@mail.example",),
    "what nobody has": ("Несуществующая", "00000000001", "nobody@mail.example"),
}


@dataclass
class Timed:
    """Milliseconds of the answers of one kind."""

    what: str
    took: list[float]

    def row(self) -> Sequence[str]:
        ordered = sorted(self.took)
        return self.what, *(f"{value:.1f}" for value in (median(ordered), p95(ordered), ordered[-1]))


def p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


async def measure(servers: Servers, *, leads: int, rounds: int) -> Part:
    """Fill a database and read it."""
    async with (
        product_on(servers, "read") as product,
        running_processes(product.stack, *RUNS),
        product.stack.administrator() as client,
    ):
        await make_source(product.stack)
        await post(product.stack, "/tasks/v1/desks", {"code": DESK, "title": TITLE, "zone": "Europe/Moscow"})
        url = product.stack.database.admin_url
        year = await fill(url, leads)
        reports = await _reports(client, url, rounds)
        found = await _searches(client, leads, rounds)
        raw = await _raw_search(url)
        exports = [await _export(client, url, leads, sheet, product.stack.children.pids()["intake-api"])
                   for sheet in ("csv", "xlsx")]  # fmt: skip
        report = (await client.get("/tasks/v1/reports/conversion", params=_year())).json()
        counts = [
            Count("taken, by the report of the year", leads, report["totals"]["taken"]),
            Count("leads", leads, await count(url, "SELECT count(*) FROM intake.lead")),
            *(
                Count(f"rows of the {each.sheet}", each.wanted, each.rows)
                for each in exports
                if each.sheet == "csv"
            ),
        ]
    return _part(year, rounds, reports, [*found, raw], exports, counts)


def _part(
    year: Year,
    rounds: int,
    reports: Sequence[Timed],
    found: Sequence[Timed],
    exports: Sequence[Export],
    counts: Sequence[Count],
) -> Part:
    ours = [value for each in found[1:-1] for value in each.took]
    slowest = max(p95(each.took) for each in reports[:-1])
    goals = [
        Goal("p95 of the slowest report", slowest, 200, "ms", at_most=True),
        Goal("p95 of search", p95(ours), 50, "ms", at_most=True),
        *(Goal(f"{each.wanted:,} leads as {each.sheet}", each.seconds, 10, "s", at_most=True) for each in exports),
        Goal("memory that an export takes", max(each.grown for each in exports), 50, "MB", at_most=True),
    ]
    head = ("p50 ms", "p95 ms", "max ms")
    tables = [
        Table(("report", *head), [each.row() for each in reports], "Reports of the year"),
        Table(("typed", *head), [each.row() for each in found], "Search"),
        Table(
            ("export", "leads", "seconds", "COPY of the same, seconds", "memory, MB more", "file, MB"),
            [each.row() for each in exports],
            "Exports",
        ),
    ]
    how = HOW.format(leads=short(year.leads), rollups=short(year.rollups), rounds=short(rounds))
    return Part("Reads over a year", how, tables, goals, counts)


def _year(**more: str) -> dict[str, str]:
    today = datetime.now(UTC).date()
    return {"desk": DESK, "day_from": str(today - timedelta(days=366)), "day_to": str(today), **more}


async def _reports(client: httpx.AsyncClient, url: str, rounds: int) -> list[Timed]:
    """Time the reports of the year, the last of them counted from the rows of leads."""
    asked = {
        "by person": _year(by="person"),
        "by product": _year(by="product"),
        "by month": _year(by="month"),
        "of one product, by person": _year(by="person", product="product-3"),
    }
    path = "/tasks/v1/reports/conversion"
    found = [
        Timed(what, [await _get(client, path, params) for _ in range(rounds)]) for what, params in asked.items()
    ]
    found.append(Timed("pay", [await _get(client, "/tasks/v1/reports/pay", _year()) for _ in range(rounds)]))
    conn = await asyncpg.connect(url)
    today = datetime.now(UTC).date()
    raw = []
    for _ in range(min(rounds, 5)):
        began = time.perf_counter()
        await conn.fetch(RAW_REPORT, today - timedelta(days=366), today)
        raw.append(1000 * (time.perf_counter() - began))
    await conn.close()
    return [*found, Timed("by person, from a row per lead", raw)]


async def _searches(client: httpx.AsyncClient, leads: int, rounds: int) -> list[Timed]:
    lead_id = (await client.get("/intake/v1/leads", params={"desk": DESK, "limit": "1"})).json()["items"][0]["id"]
    alone = [await _get(client, f"/intake/v1/leads/{lead_id}", {}) for _ in range(10 * rounds)]
    found = [Timed("one lead by its id, for comparison", alone)]
    for what, texts in TYPED.items():
        took = []
        for number in range(rounds):
            n = 1 + (number * 7919) % leads
            phone = f"+79{n * 7368787 % 1000000007 % 1000000000:09d}"
            for typed in texts:
                q = typed.format(phone=phone, local=phone[2:], number=1000000 + n, n=n)
                took.append(await _get(client, "/intake/v1/leads", {"desk": DESK, "q": q}))
        found.append(Timed(what, took))
    return found


async def _raw_search(url: str) -> Timed:
    conn = await asyncpg.connect(url)
    took = []
    for word in ("единственная", "кузнецовова", "несуществующая"):
        began = time.perf_counter()
        await conn.fetch(RAW_SEARCH, f"%{word}%")
        took.append(1000 * (time.perf_counter() - began))
    await conn.close()
    return Timed("a name, without trigrams (SQL alone)", took)


async def _get(client: httpx.AsyncClient, path: str, params: Mapping[str, str]) -> float:
    """Return the milliseconds of one answer. Raises httpx.HTTPStatusError."""
    began = time.perf_counter()
    (await client.get(path, params=params)).raise_for_status()
    return 1000 * (time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Export:
    """One table as it came: how long, how large, and by how much the process grew meanwhile."""

    sheet: str
    wanted: int
    rows: int
    seconds: float
    raw_seconds: float
    grown: float
    size: int

    def row(self) -> Sequence[str]:
        figures = f"{self.seconds:.2f}", f"{self.raw_seconds:.2f}", f"{self.grown:.0f}", f"{self.size / 1e6:.1f}"
        return self.sheet, f"{self.wanted:,}", *figures


async def _dropped(_: bytes) -> None:
    """Take what nobody reads."""


async def _export(client: httpx.AsyncClient, url: str, leads: int, sheet: str, pid: int) -> Export:
    wanted = min(EXPORTED, leads)
    conn = await asyncpg.connect(url)
    last = "SELECT min(created_at) FROM (SELECT created_at FROM intake.lead ORDER BY created_at DESC LIMIT $1) t"
    since = await conn.fetchval(last, wanted)
    began = time.perf_counter()
    await conn.copy_from_query(RAW_EXPORT, since, output=_dropped, format="csv")
    raw = time.perf_counter() - began
    await conn.close()
    params = {"desk": DESK, "created_from": since.isoformat(), "format": sheet}
    size = lines = 0
    async with _growth(pid) as grown:
        began = time.perf_counter()
        async with client.stream("GET", "/intake/v1/leads/export", params=params, timeout=120) as answer:
            answer.raise_for_status()
            async for piece in answer.aiter_bytes():
                size, lines = size + len(piece), lines + piece.count(b"\n")
        seconds = time.perf_counter() - began
    return Export(sheet, wanted, lines - 1, seconds, raw, max(grown), size)


@asynccontextmanager
async def _growth(pid: int) -> AsyncIterator[list[float]]:
    """Collect by how many megabytes a process is larger than when the block began."""
    process = psutil.Process(pid)
    first, seen = process.memory_info().rss, [0.0]

    async def look() -> None:
        while True:
            seen.append((process.memory_info().rss - first) / 1e6)
            await asyncio.sleep(LOOK)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()
