"""The worker process of a service: relay, consumer, loops, health."""

from libs.common.platform.worker.lookout import Lookout, Watch
from libs.common.platform.worker.runtime import Worker
from libs.common.platform.worker.supervise import Loop

__all__ = ["Lookout", "Loop", "Watch", "Worker"]
