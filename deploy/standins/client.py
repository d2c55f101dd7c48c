"""The HTTP client of stand-ins, and of tests: they make it by the thousand, for servers on this machine."""

import ssl
from functools import cache
from typing import Any

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """Return the authorities, read once: each client would read them for itself, in 25 to 60 ms of CPU."""
    return httpx.create_ssl_context(trust_env=False)


def http_client(**options: Any) -> httpx.AsyncClient:  # noqa: ANN401 - httpx's own arguments
    """Return `httpx.AsyncClient(**options)`, which reads neither authorities nor environment."""
    return httpx.AsyncClient(verify=authorities(), trust_env=False, **options)
