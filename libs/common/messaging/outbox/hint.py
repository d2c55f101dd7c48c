"""A loopback datagram that tells the relay to look now instead of at its next poll.

It may get lost without harm: polling is the base.
"""

import socket


class RelayHint:
    """Sends one empty datagram per commit; never blocks, never raises."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self) -> None:
        """Wake the relay, if there is one on this machine."""
        try:
            self._socket.sendto(b"", self._address)
        except OSError:
            return

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
