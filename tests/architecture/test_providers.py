"""Outside its adapter no provider is named: not in code, not in SQL, not in settings, tables or spans."""

import re

import pytest

from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import ChannelKind
from tests.architecture.sources import ROOT, Source, sources

# A messenger's own bots have the name of its kind of channel, which is named wherever channels are.
OF_ONE = sorted(PROVIDERS.keys() - set(ChannelKind), key=len, reverse=True)
NAMES = re.compile(rf"({'|'.join(OF_ONE)})(?!(?-i:[a-z]))", re.IGNORECASE)
# Where a provider may be named, and why.
ALLOWED = {
    "services/notifications/providers/": "the adapters",
    "services/notifications/migrations/": "released migrations of the one provider that there was",
    "libs/common/contracts/samples.py": "an example of an event has a provider's code",
    "libs/common/connect/mail.py": "the protocol, which has the provider's name",
    "libs/common/platform/settings/source.py": "a setting of an earlier release, which is ignored",
}


def named(source: Source) -> list[str]:
    """Return the lines of a file that name a provider."""
    if source.name.startswith(tuple(ALLOWED)) or not any(name in source.text.casefold() for name in OF_ONE):
        return []
    lines = enumerate(source.text.splitlines(), 1)
    return [f"{source.name}:{at}: {line.strip()}" for at, line in lines if NAMES.search(line)]


def test_no_provider_is_named_outside_its_adapter() -> None:
    files = [source for source in sources() if source.name.startswith(("libs/", "services/"))]
    assert [line for source in files for line in named(source)] == []


def test_every_exception_is_needed() -> None:
    texts = {place: "".join(one.text for one in sources() if one.name.startswith(place)) for place in ALLOWED}
    assert [place for place, text in texts.items() if not NAMES.search(text)] == []


def test_every_adapter_is_one_file_of_its_code() -> None:
    files = {path.stem for path in (ROOT / "services/notifications/providers").glob("*.py")}
    assert files - {"__init__", "base", "config", "mails", "reading", "reference", "registry", "values"} == set(
        PROVIDERS
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('provider = "wazzup"', True),
        ("class WazzupClient: ...", True),
        ("CHECK (provider IN ('smsru'))", True),
        ("WHATSAPP_CLOUD_URL = 1", True),
        ("kind = 'whatsapp'", False),
        ("smscount = 1", False),
    ],
)
def test_the_check_sees_a_name_however_it_is_spelled(line: str, found: bool) -> None:
    assert bool(named(Source(ROOT / "services" / "x.py", line))) is found
