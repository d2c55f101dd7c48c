"""Prometheus: one registry per service, never the global one (four services may live in one process)."""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

__all__ = ["CONTENT_TYPE_LATEST", "new_registry", "render"]


def new_registry() -> CollectorRegistry:
    """Return a registry with the figures of the process itself (memory, files, garbage collector)."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def render(registry: CollectorRegistry) -> bytes:
    """Return the registry in the text exposition format (`CONTENT_TYPE_LATEST`)."""
    return generate_latest(registry)
