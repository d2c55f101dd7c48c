"""Published events: envelope, payload models by owning service, registry."""

from libs.common.events.envelope import Cause, EventData, Outgoing, Received
from libs.common.events.registry import OWNERS, REGISTRY, topic

__all__ = ["OWNERS", "REGISTRY", "Cause", "EventData", "Outgoing", "Received", "topic"]
