"""Secrets at rest: sealed with a key of the service's own that the stored value names (docs/adr/0009)."""

from libs.common.platform.sealing.keys import BrokenSealError, DataKeys, MissingKeyError, Place

__all__ = ["BrokenSealError", "DataKeys", "MissingKeyError", "Place"]
