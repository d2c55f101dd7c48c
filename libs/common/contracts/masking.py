"""Event of what a desk masks: a rule of intake's, which every service that shows persons obeys (P.7)."""

from typing import ClassVar

from libs.common.contracts.envelope import EventData
from libs.common.contracts.topics import Topic


class MaskingChanged(EventData):
    """A desk has said whether its operators see numbers and addresses masked. Key `masking:<desk>`.

    `lists`: they do, wherever neither the lead nor its task is their own.
    """

    event_type: ClassVar[str] = "dozvon.masking.changed.v1"
    owner: ClassVar[str] = "intake"
    topic: ClassVar[Topic] = Topic.PARTIES

    lists: bool


EVENTS = (MaskingChanged,)
