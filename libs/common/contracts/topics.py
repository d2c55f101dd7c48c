"""The topics that transport events. An event's type says what it is; its topic only says who need not read it."""

from enum import StrEnum
from typing import assert_never


class Topic(StrEnum):
    """A topic without its prefix. A key lives on one topic."""

    INTAKE = "intake"
    TASKS = "tasks"
    ASSIGNMENT = "assignment"
    NOTIFICATIONS = "notifications"
    PEOPLE = "people"
    PARTIES = "parties"

    @property
    def owner(self) -> str:
        """Return the service that writes it."""
        match self:
            case Topic.PEOPLE:
                return Topic.ASSIGNMENT.value
            case Topic.PARTIES:
                return Topic.INTAKE.value
            case Topic.INTAKE | Topic.TASKS | Topic.ASSIGNMENT | Topic.NOTIFICATIONS:
                return self.value
            case _:
                assert_never(self)


def topic_name(topic: str, prefix: str = "dozvon") -> str:
    """Return a topic's name in Kafka; tests and side stacks have their own prefix. Groups are named alike."""
    return f"{prefix}.{topic}"
