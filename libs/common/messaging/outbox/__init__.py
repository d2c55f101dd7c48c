"""Transactional outbox: `add` in the caller's transaction, a relay per service (docs/adr/0002)."""

from libs.common.messaging.outbox.add import UnsendableEventError, add, add_to

__all__ = ["UnsendableEventError", "add", "add_to"]
