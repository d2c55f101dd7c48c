"""Ask one URL and exit 0 when it answers 200: the health check of a container, standard library alone."""

import http.client
import sys
from urllib.parse import urlsplit


def healthy(url: str, seconds: float = 4.0) -> bool:
    """Return whether `url` answers 200 within `seconds`."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=seconds)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if healthy(sys.argv[1]) else 1)
