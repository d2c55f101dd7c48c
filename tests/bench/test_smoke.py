"""Each part once with a handful of leads: proves the tool, measures nothing."""

import pytest

from tests.bench.__main__ import measure
from tests.bench.servers import Servers
from tests.bench.sizes import SMOKE, Name

#: Latency is the chain without its staircase; peers and the past need what only `make bench PART=smoke` has.
PARTS = (
    Name.ACCEPT,
    Name.CHAIN,
    Name.MESSAGES,
    Name.PIPES,
    Name.WORKERS,
    Name.IDLE,
    Name.STREAMS,
    Name.READ,
    Name.NEXT,
    Name.FILLED,
)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PARTS)
async def test_a_part_finds_all_its_rows_and_has_figures(servers: Servers, name: Name) -> None:
    part = await measure(servers, name, SMOKE, None)
    assert [count for count in part.counts if not count.agrees] == []
    assert part.tables


async def test_peers_without_their_environment_say_how_to_get_it(servers: Servers) -> None:
    part = await measure(servers, Name.PEERS, SMOKE, None)
    assert "make bench" in part.how
