"""Published events: envelope, payload models by owning service, registry."""

from libs.common.contracts.envelope import Cause, EventData, Outgoing, Received
from libs.common.contracts.registry import OWNERS, REGISTRY, topic

__all__ = ["OWNERS", "REGISTRY", "Cause", "EventData", "Outgoing", "Received", "topic"]
