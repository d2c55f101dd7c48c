"""The registry: every published event type and its model."""

from libs.common.contracts import (
    assignment,
    attention,
    consents,
    desks,
    erasures,
    intake,
    masking,
    notices,
    notifications,
    payments,
    rates,
    tasks,
)
from libs.common.contracts.envelope import EventData
from libs.common.contracts.topics import topic_name

OWNERS = (intake.OWNER, tasks.OWNER, assignment.OWNER, notifications.OWNER)

REGISTRY: dict[str, type[EventData]] = {
    model.event_type: model
    for module in (
        intake,
        consents,
        payments,
        tasks,
        desks,
        notices,
        assignment,
        notifications,
        attention,
        erasures,
        rates,
        masking,
    )
    for model in module.EVENTS
}


def routes(owner: str, prefix: str = "dozvon") -> dict[str, str]:
    """Return the Kafka topic of each event type that a service writes."""
    return {
        model.event_type: topic_name(model.topic, prefix) for model in REGISTRY.values() if model.owner == owner
    }
