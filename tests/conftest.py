"""The suite's servers and the rule that unit tests open no sockets."""

import gc
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import structlog
from hypothesis import settings
from pytest_socket import disable_socket, socket_allow_hosts

from libs.common.platform.db import Database
from libs.common.platform.db.migrations import migrate
from libs.common.testkit.copies import Copies, Templates
from libs.common.testkit.database import StackDatabase, empty_database, template_database
from libs.common.testkit.messaging import JOURNAL
from libs.common.testkit.servers import both_servers, kafka_server, postgres_server
from tests.support import forked
from tests.support.pure import ServerFiles

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling
    from xdist.workermanage import WorkerController

SERVER_FIXTURES = frozenset({"postgres_url", "kafka_bootstrap"})
LOOPBACK = ["127.0.0.1", "::1", "localhost"]

# Scopes of tests that share something dear: one worker has all of a scope.
SCOPES = {
    # Whole stacks: two of them at a time use the machine.
    "stacks under load": ("tests/bench/test_smoke.py", "tests/chaos/", "tests/fuzz/"),
    "stacks": ("tests/e2e/", "tests/local/", "tests/roles/", "tests/upgrade/"),
    # All our sources, parsed once, and all documents, made once.
    "tree": ("tests/architecture/", "tests/contracts/", "tests/deploy/test_compose.py"),
    # The compiler of the client, started once.
    "client": ("tests/clients/",),
}

BROWSER = Path(__file__).parent / "browser"


class Run:
    """What the controller of parallel workers keeps: the servers that all of them share."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._given: dict[str, str] = {}

    def servers(self) -> dict[str, str]:
        """Start the servers at the first call; return what a worker must know of them."""
        if not self._given:
            addresses = self._stack.enter_context(both_servers())
            self._given = {"postgres": addresses.postgres, "kafka": addresses.kafka}
        return self._given

    def end(self) -> None:
        """Stop the servers."""
        self._stack.close()


RUN = pytest.StashKey[Run]()
SERVER_FILES = pytest.StashKey[ServerFiles]()


# How long an example takes says nothing where tests run side by side. A glance draws less: half of its time went to
# properties, and all of their examples are for `make test`.
settings.register_profile("suite", deadline=None)
settings.register_profile("pure", settings.get_profile("suite"), max_examples=20)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--pure` leaves out what needs a server and more of the same, and all but `--browser` what needs one."""
    parser.addoption("--pure", action="store_true", help="only tests that need no server, and fewer examples")
    parser.addoption("--browser", help="path of the browser that tests/browser drive (make browser)")


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the shared servers, and print exceptions plainly: structlog's own way takes seconds each."""
    settings.load_profile("pure" if config.getoption("pure") else "suite")
    config.stash[RUN] = Run()
    config.stash[SERVER_FILES] = ServerFiles(getattr(config, "cache", None))
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "WorkerController") -> None:
    """Tell a worker where the servers are."""
    if not node.config.getoption("pure"):
        node.workerinput["servers"] = node.config.stash[RUN].servers()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop what tests forked, and the shared servers once the workers are gone."""
    forked.end()
    session.config.stash[RUN].end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much of the time was computing: this process and all that it started and that has ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = sum(one.ru_utime + one.ru_stime for one in usage)
    terminalreporter.write_line(f"CPU seconds, workers and servers included: {seconds:.0f}")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave tests/browser to `make browser`, and with `--pure` import no file in which all tests need a server."""
    left_out = collection_path.is_relative_to(BROWSER) and config.getoption("browser") is None
    needless = config.getoption("pure") and collection_path in config.stash[SERVER_FILES]
    return left_out or needless or None  # None: others decide


@pytest.hookimpl(tryfirst=True)  # before any test is left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--pure` leave out what needs a server, and more of the same."""
    whole = not (any("::" in place for place in config.args) or config.getoption("lf", default=False))
    if whole and getattr(config, "workerinput", {}).get("workerid", "gw0") == "gw0":
        config.stash[SERVER_FILES].learn((item.path, _uses_servers(item)) for item in items)
    if config.getoption("pure"):
        config.hook.pytest_deselected(items=[item for item in items if not _is_for_a_glance(item)])
        items[:] = [item for item in items if _is_for_a_glance(item)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for garbage in nothing that is imported and collected, now or ever: it took a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    """Give the tests that share something dear to one worker, and each other test to whoever is free."""
    from xdist.scheduler import LoadScopeScheduling

    # Not by marks of groups: they do not reach the scheduler with the releases of pytest and xdist that we lock.
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _scope
    if config.getoption("pure"):
        # Thousands of tests of milliseconds each: the scheduler takes the longer for one, the more units there are.
        # In the order of folders, whose last ones have small files, so that all workers end together.
        scheduler._split_scope = _scope_or_file
        config.option.loadscopereorder = False
    return scheduler


@pytest.fixture(scope="session")
def given_servers(request: pytest.FixtureRequest) -> dict[str, str]:
    """The servers that parallel workers share; empty in a run without workers."""
    given: dict[str, str] = getattr(request.config, "workerinput", {}).get("servers", {})
    return given


@pytest.fixture(scope="session")
def postgres_url(given_servers: dict[str, str]) -> Iterator[str]:
    """A superuser's DSN of the run's PostgreSQL."""
    if url := given_servers.get("postgres"):
        yield url
        return
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def kafka_bootstrap(given_servers: dict[str, str]) -> Iterator[str]:
    """The run's Kafka, `host:port`."""
    if bootstrap := given_servers.get("kafka"):
        yield bootstrap
        return
    with kafka_server() as bootstrap:
        yield bootstrap


@pytest_asyncio.fixture(scope="session")
async def template_db(postgres_url: str) -> AsyncIterator[StackDatabase]:
    """The migrated schemas of all services; to be copied, not to be connected to."""
    async with template_database(postgres_url) as template:
        yield template


@pytest_asyncio.fixture(scope="session")
async def stack_copies(postgres_url: str, template_db: StackDatabase) -> AsyncIterator[Copies]:
    """Copies of the migrated schemas."""
    copies = Copies(postgres_url, template_db)
    yield copies
    await copies.close()


@pytest_asyncio.fixture
async def stack_db(stack_copies: Copies) -> AsyncIterator[StackDatabase]:
    """A fresh database with the schemas of all services: `.url(service)`, `.open(service)`."""
    async with stack_copies.one() as copy:
        yield copy


@pytest_asyncio.fixture(scope="session")
async def templates(postgres_url: str) -> AsyncIterator[Templates]:
    """A migrated database per service."""
    made = Templates(postgres_url)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def intake_db(templates: Templates) -> AsyncIterator[Database]:
    """A fresh opened database of intake."""
    async with (await templates.copies("intake")).one() as copy, copy.open("intake") as database:
        yield database


@pytest_asyncio.fixture
async def tasks_db(templates: Templates) -> AsyncIterator[Database]:
    """A fresh opened database of tasks."""
    async with (await templates.copies("tasks")).one() as copy, copy.open("tasks") as database:
        yield database


@pytest_asyncio.fixture
async def assignment_db(templates: Templates) -> AsyncIterator[Database]:
    """A fresh opened database of assignment."""
    async with (await templates.copies("assignment")).one() as copy, copy.open("assignment") as database:
        yield database


@pytest_asyncio.fixture
async def notifications_db(templates: Templates) -> AsyncIterator[Database]:
    """A fresh opened database of notifications."""
    async with (await templates.copies("notifications")).one() as copy, copy.open("notifications") as database:
        yield database


@pytest_asyncio.fixture(scope="session")
async def messaging_template(postgres_url: str) -> AsyncIterator[StackDatabase]:
    """The tables of outbox, inbox and dead letters in the schema of intake, and a journal; to be copied."""
    async with empty_database(postgres_url) as url:
        template = StackDatabase(url, {})
        await migrate("intake", template.url("intake"), Path(__file__).parent / "messaging" / "migrations")
        async with template.open("intake") as database:
            await database.pool.execute(JOURNAL)
        yield template


@pytest_asyncio.fixture(scope="session")
async def messaging_copies(postgres_url: str, messaging_template: StackDatabase) -> AsyncIterator[Copies]:
    """Copies of the messaging tables."""
    copies = Copies(postgres_url, messaging_template)
    yield copies
    await copies.close()


@pytest_asyncio.fixture
async def messaging_db(messaging_copies: Copies) -> AsyncIterator[Database]:
    """An opened fresh database with the messaging tables; `journal (key, note)` is for a test's use case."""
    async with messaging_copies.one() as copy, copy.open("intake") as database:
        yield database


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the loopback interface to tests that use servers, and only Unix sockets to all others."""
    if _uses_servers(item):
        socket_allow_hosts([*LOOPBACK, *_given_hosts()], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


def _scope(nodeid: str) -> str:
    return next((scope for scope, places in SCOPES.items() if nodeid.startswith(places)), nodeid)


def _scope_or_file(nodeid: str) -> str:
    return _scope(nodeid).partition("::")[0]


def _is_for_a_glance(item: pytest.Item) -> bool:
    return not _uses_servers(item) and item.get_closest_marker("more") is None


def _uses_servers(item: pytest.Item) -> bool:
    by_fixture = not SERVER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
    return by_fixture or item.get_closest_marker("servers") is not None


def _given_hosts() -> list[str]:
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "").split(",")
    urls = [os.environ.get("POSTGRES_URL", ""), *(f"kafka://{server}" for server in bootstrap)]
    return [host for url in urls if (host := urlsplit(url).hostname)]
