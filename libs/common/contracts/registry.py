"""The registry: every published event type and its model."""

from libs.common.contracts import assignment, intake, notifications, tasks
from libs.common.contracts.envelope import EventData

OWNERS = (intake.OWNER, tasks.OWNER, assignment.OWNER, notifications.OWNER)

REGISTRY: dict[str, type[EventData]] = {
    model.event_type: model for module in (intake, tasks, assignment, notifications) for model in module.EVENTS
}


def topic(owner: str, prefix: str = "dozvon") -> str:
    """Return the Kafka topic of an owning service; tests and side stacks have their own prefix."""
    return f"{prefix}.{owner}"
