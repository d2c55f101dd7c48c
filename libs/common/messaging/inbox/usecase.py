"""A use case of a service: one function per event type, called by the consumer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from libs.common.contracts import EventData, Received
from libs.common.platform.db import Transaction

#: Applies events inside the consumer's transaction, in the given order (per key, the order of publication). It
#: never commits. `Transient` means later; any other error parks the event that causes it.
UseCase: TypeAlias = Callable[[Transaction, Sequence[Received[EventData]]], Awaitable[None]]

#: Event type -> use case: the literal table of `services/<name>/subscriptions.py`.
Subscriptions: TypeAlias = Mapping[str, UseCase]
