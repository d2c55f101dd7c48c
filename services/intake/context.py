"""What a use case of intake may need."""

from dataclasses import dataclass

from prometheus_client import Counter

from libs.common.platform.core import Core
from services.intake.deliveries.group import Acceptance
from services.intake.sources.cache import SourceCache


@dataclass(frozen=True)
class Context:
    """The technical half, the sources at hand, the way into the database, and what became of deliveries."""

    core: Core
    sources: SourceCache
    acceptance: Acceptance
    deliveries: Counter
