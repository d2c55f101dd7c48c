"""What a use case of intake may need."""

from dataclasses import dataclass

from libs.common.core import Core
from services.intake.deliveries.group import Acceptance
from services.intake.sources.cache import SourceCache


@dataclass(frozen=True)
class Context:
    """The technical half, the sources at hand, and the way into the database."""

    core: Core
    sources: SourceCache
    acceptance: Acceptance
