"""The egress guard: which addresses we connect to.

A name is resolved once, every address of the answer is judged, and the connection goes to one that was judged. A
name that answers otherwise the next time (DNS rebinding) gains nothing, nor does any spelling of a private address:
what is judged is what the resolver made of it.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from libs.common.connect.exchange import FORBIDDEN

Address: TypeAlias = IPv4Address | IPv6Address
#: Returns the addresses of a host, in the order in which they should be tried. Raises OSError.
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

# Not global, though not every version of `ipaddress` knows it (the registries of RFC 6890), and a metadata service
# that answers at an address of the public range.
_NEVER = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
_UNICAST = ip_network("2000::/3")
# An IPv4 address is reached through these: mapped (RFC 4291) and translated (RFC 6052).
_CARRIERS = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))


class ForbiddenAddressError(Exception):
    """The host has an address that must not be called."""

    def __init__(self) -> None:
        super().__init__(FORBIDDEN)


def is_public(text: str) -> bool:
    """Return whether an address belongs to the public internet; what cannot be read does not."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if any(address in carrier for carrier in _CARRIERS):
            return _is_global(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.scope_id is not None or address not in _UNICAST:
            return False
    return _is_global(address)


def _is_global(address: Address) -> bool:
    return address.is_global and not any(address in network for network in _NEVER)


def places(text: str) -> frozenset[tuple[str, int]]:
    """Read `host:port` with commas between. Raises ValueError naming the one that is none."""
    found = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        host, _, port = entry.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"{entry} is not host:port")
        found.add((host.strip("[]").lower(), int(port)))
    return frozenset(found)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return a host's addresses as the system's resolver gives them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [_scoped(entry[4]) for entry in found]


def _scoped(place: tuple[object, ...]) -> str:
    """Return the address; that of a link keeps its zone, which is how it is recognised."""
    scope = place[3] if len(place) > 3 else 0
    return f"{place[0]}%{scope}" if scope and "%" not in str(place[0]) else str(place[0])


class Egress:
    """The guard. `allow`: places inside our own network that may be called, by the names that callers use."""

    def __init__(self, allow: str = "", resolver: Resolver = resolve) -> None:
        self._allow = places(allow)
        self._resolver = resolver

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return where to connect to. Raises ForbiddenAddressError, and OSError for an unknown name."""
        try:
            found = await self._resolver(host, port)
        except UnicodeError as error:  # a label that is empty or too long
            raise OSError(f"no such host: {type(error).__name__}") from error
        if not found:
            raise OSError("the name has no address")
        if (host.lower(), port) not in self._allow and not all(map(is_public, found)):
            raise ForbiddenAddressError
        return list(dict.fromkeys(found))
