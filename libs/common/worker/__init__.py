"""The worker process of a service: relay, consumer, loops, health."""

from libs.common.worker.runtime import Worker
from libs.common.worker.supervise import Loop

__all__ = ["Loop", "Worker"]
