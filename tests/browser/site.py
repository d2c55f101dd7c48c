"""Somebody's own web site: a plain server of pages, on a port and under names that are not ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

PAGES = Path(__file__).parent / "pages"
LOCKED = "/locked"  # asks for HTTP Basic


@dataclass(frozen=True)
class Site:
    """A server of `pages` (path: HTML) and of the files in the folder pages."""

    port: int
    pages: dict[str, str] = field(default_factory=dict)

    def origin(self, host: str = "localhost") -> str:
        """Return the origin of its pages; the tests' browser finds it under any name."""
        return f"http://{host}:{self.port}"

    def put(self, path: str, html: str, host: str = "localhost") -> str:
        """Show a page, and return its address."""
        self.pages[path] = f"<!doctype html><meta charset=utf-8><link rel=icon href='data:,'>{html}"
        return self.origin(host) + path


@contextmanager
def site() -> Iterator[Site]:
    """Serve a site for the block."""
    pages: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            script = PAGES / path.removeprefix("/")
            if path == LOCKED:
                self._send(401, b"", ("WWW-Authenticate", 'Basic realm="here"'))
            elif path in pages:
                self._send(200, pages[path].encode(), ("Content-Type", "text/html"))
            elif script.suffix == ".js" and script.is_file():
                self._send(200, script.read_bytes(), ("Content-Type", "text/javascript"))
            else:
                self._send(404, b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Site(server.server_port, pages)
        finally:
            server.shutdown()
            thread.join()
