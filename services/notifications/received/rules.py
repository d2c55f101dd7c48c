"""What a customer says by a message as a whole: that they want no advertisements."""

from collections.abc import Sequence

from libs.common.domain.words import spelled

#: The stop words of a channel that has none of its own.
STOP_WORDS = (
    "стоп", "stop", "stop all", "stopall", "отписаться", "отписка", "отпишите", "отпишите меня", "не пишите",
    "не пишите мне", "больше не пишите", "unsubscribe",
)  # fmt: skip


def says_stop(text: str | None, button: str | None, words: Sequence[str] | None) -> bool:
    """Return whether a message is a stop word and no more; a button counts as what it says.

    `words`: the channel's own, None for the usual ones. "Stop" within a longer message is no wish of this kind.
    """
    said = spelled(button or text or "")
    return bool(said) and said in {spelled(word) for word in (STOP_WORDS if words is None else words)}
