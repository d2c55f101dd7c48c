"""The guard connects to addresses of the public internet, however they are spelled, and to what it was allowed."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.connect.egress import Egress, ForbiddenAddressError, Resolver, is_public, places, resolve

PUBLIC = "93.184.215.14"
FORBIDDEN = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.0.0.0", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.88.99.1", "224.0.0.1", "255.255.255.255", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fe80::1%2", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "::127.0.0.1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "3fff::1", "100::1",
    "2606:4700::1111%eth0", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_of_the_public_internet_is_forbidden(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_public_internet_is_allowed(address: str) -> None:
    assert is_public(address)


@given(st.text() | st.ip_addresses().map(str))
def test_judging_raises_nothing(text: str) -> None:
    assert is_public(text) in {True, False}


SPELLED = ["127.0.0.1", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0", "::1", "::ffff:127.0.0.1", "localhost"]


@pytest.mark.servers
@pytest.mark.parametrize("host", SPELLED)
async def test_no_spelling_of_this_machine_is_connected_to(host: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        await Egress().addresses(host, 80)


@pytest.mark.servers
@pytest.mark.parametrize("host", ["fe80::1%lo", "fe80::1%1"])
async def test_an_address_with_a_zone_is_not_connected_to(host: str) -> None:
    with pytest.raises((ForbiddenAddressError, OSError)):
        await Egress().addresses(host, 80)


@pytest.mark.servers
@pytest.mark.parametrize("host", ["." * 300, "a" * 70 + ".example", "\udcff", ""])
async def test_a_host_that_cannot_be_a_name_is_unknown(host: str) -> None:
    with pytest.raises((OSError, ForbiddenAddressError)):
        await Egress().addresses(host, 80)


async def test_one_private_address_among_public_ones_forbids_the_name() -> None:
    with pytest.raises(ForbiddenAddressError):
        await Egress(resolver=answering(PUBLIC, "10.0.0.1")).addresses("mixed.example", 443)


async def test_a_name_without_addresses_is_unknown() -> None:
    with pytest.raises(OSError, match="no address"):
        await Egress(resolver=answering()).addresses("empty.example", 443)


@pytest.mark.parametrize(
    ("host", "port", "allowed"),
    [("standins", 8002, True), ("STANDINS", 8002, True), ("standins", 8003, False), ("other", 8002, False)],
)
async def test_a_place_of_our_own_network_is_allowed_by_name_and_port(host: str, port: int, allowed: bool) -> None:
    guard = Egress("standins:8002, [::1]:9", answering("172.18.0.5"))
    if allowed:
        assert await guard.addresses(host, port) == ["172.18.0.5"]
    else:
        with pytest.raises(ForbiddenAddressError):
            await guard.addresses(host, port)


def test_an_entry_that_is_no_place_is_refused() -> None:
    assert places("") == frozenset()
    with pytest.raises(ValueError, match="standins is not host:port"):
        places("standins")


@pytest.mark.servers
async def test_the_systems_resolver_gives_numeric_addresses() -> None:
    assert await resolve("127.0.0.1", 80) == ["127.0.0.1"]


def answering(*addresses: str) -> Resolver:
    async def resolver(_: str, __: int) -> Sequence[str]:
        return addresses

    return resolver
