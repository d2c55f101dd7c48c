"""Published events: envelope, payload models by owning service, registry."""

from libs.common.contracts.envelope import Cause, EventData, Outgoing, Received
from libs.common.contracts.registry import OWNERS, REGISTRY, routes
from libs.common.contracts.topics import Topic, topic_name

__all__ = ["OWNERS", "REGISTRY", "Cause", "EventData", "Outgoing", "Received", "Topic", "routes", "topic_name"]
