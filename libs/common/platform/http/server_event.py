"""An event of a stream (`sse`), which workers make too: they load no framework for it."""

import re
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")  # what ends a line of a stream, and nothing else of Unicode does


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `data` is JSON text, `id` the position to resume after (None: as before).

    Without data it is no event for the client, yet its `id` is where the client resumes after a break.
    """

    id: str | None
    event: str = ""
    data: str | None = None

    def encode(self) -> bytes:
        """Return the event as it goes over the wire."""
        if self.data is None:
            return f"id: {self.id}\n\n".encode()
        place = "" if self.id is None else f"id: {self.id}\n"
        lines = "".join(f"data: {line}\n" for line in _LINE_END.split(self.data))
        return f"{place}event: {self.event}\n{lines}\n".encode()
