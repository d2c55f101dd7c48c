"""Idempotent consumer: inbox, dead letters, replay (docs/adr/0002)."""

from libs.common.messaging.inbox.errors import Transient, Unready
from libs.common.messaging.inbox.usecase import Subscriptions, UseCase

__all__ = ["Subscriptions", "Transient", "Unready", "UseCase"]
