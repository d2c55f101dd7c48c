"""What is pushed to whom, and where it may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

KIND = "web_push"
RATE_5S = 1000  # to one push service: they publish no figure, and say 429
MOST = 10  # subscriptions of one operator; the oldest gives way
LIVES = timedelta(minutes=10)  # a task that was new so long ago is found in the feed


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that an operator has got; `title` by language."""

    operator_id: UUID
    event_id: UUID
    task_id: UUID
    lead_id: UUID | None
    title: Mapping[str, str]
    order_number: str | None
    due_at: datetime
    at: datetime
    traceparent: str | None = None

    @property
    def expires_at(self) -> datetime:
        """Return until when it may wait to be pushed: a backlog that is made up rings no telephone."""
        return self.at + LIVES

    @property
    def topic(self) -> str:
        """Under which a newer push of the task takes the place of one that has not arrived (RFC 8030 §5.4)."""
        return self.task_id.hex

    def payload(self, language: str) -> dict[str, object]:
        """Return what the page's worker shows: nothing of the customer, for screens are locked and seen."""
        title = self.title.get(language) or next(iter(self.title.values()))
        return {
            "kind": "task_assigned",
            "task_id": str(self.task_id),
            "lead_id": self.lead_id and str(self.lead_id),
            "title": title,
            "order_number": self.order_number,
            "due_at": self.due_at.isoformat(),
            "tag": self.topic,
        }


def origin_of(endpoint: str) -> str:
    """Return the push service of an address as tokens name it (RFC 6454)."""
    url = urlsplit(endpoint)
    return f"{url.scheme}://{url.netloc.lower()}"


def host_of(endpoint: str) -> str:
    """Return the push service's host."""
    return urlsplit(endpoint).hostname or ""


def may_go(endpoint: str, hosts: frozenset[str], standins: str | None) -> bool:
    """Return whether an address is one of a push service's that we know, by HTTPS; or of its stand-in.

    `hosts`: names, or `*.` before what names of a service end with.
    """
    if standins is not None and endpoint.startswith(f"{standins}{KIND}/"):
        return True
    try:
        url = urlsplit(endpoint)
        port, host = url.port, url.hostname or ""
    except ValueError:
        return False
    plain = url.scheme == "https" and port in (None, 443) and url.username is None and url.password is None
    return plain and (host in hosts or any(f"*.{end}" in hosts for end in _ends(host)))


def _ends(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))]
