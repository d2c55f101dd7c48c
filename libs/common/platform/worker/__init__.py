"""The worker process of a service: relay, consumer, loops, health.

An API imports the names of its service's loops from here; what runs them, and the client of Kafka, it never loads.
"""

from libs.common.platform.worker.lookout import Lookout, Watch, repeated
from libs.common.platform.worker.periodic import periodic
from libs.common.platform.worker.supervise import Loop

__all__ = ["Lookout", "Loop", "Watch", "periodic", "repeated"]
