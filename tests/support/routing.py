"""One client for four APIs on four ports: the first segment of the path chooses, as in the gateway."""

from collections.abc import Mapping

import httpx


class RoutingTransport(httpx.AsyncBaseTransport):
    """Sends each request to the port of the service that its path names."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=100))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        port = self._ports[request.url.path.split("/", 2)[1]]
        request.url = request.url.copy_with(host="127.0.0.1", port=port)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
