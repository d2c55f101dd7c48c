"""Transactional outbox: `add` in the caller's transaction, a relay per service (docs/adr/0002)."""

from libs.common.outbox.add import UnsendableEventError, add
from libs.common.outbox.hint import RelayHint

__all__ = ["RelayHint", "UnsendableEventError", "add"]
