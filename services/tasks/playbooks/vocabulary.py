"""The names of published events that playbooks may use."""

from libs.common.contracts.shared import OrderStatus, Signal
from services.tasks.playbooks.grammar import Vocabulary

CHANNELS = frozenset({"whatsapp", "sms", "email", "telegram", "max", "team"})

VOCABULARY = Vocabulary(
    signals=frozenset(signal.value for signal in Signal),
    order_statuses=frozenset(status.value for status in OrderStatus),
    channels=CHANNELS,
)
