"""The faults of a stand-in: seeded chances and delays, and failures on demand."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Profile:
    """Chances are 0–1 per event, delays are seconds (drawn evenly from 0 up to the figure)."""

    name: str
    lose_answer: float = 0.0  # accepted, then the connection is closed without a response
    refuse_503: float = 0.0  # half of them accept the message first
    fail_accepted: float = 0.0  # accepted, and answered by a 5xx
    early_callback: float = 0.0  # the webhook is delivered before the 201
    repeat_callback: float = 0.0
    shuffle_callbacks: float = 0.0  # per message: its callbacks come in any order
    lose_callback: float = 0.0
    read: float = 1.0  # share of messages that are read
    answer_least: float = 0.0  # seconds before an answer, at least
    answer_delay: float = 0.0
    service: float = 0.0  # seconds per message, one message at a time
    callback_delay: float = 0.0
    rate_limit: int = 500  # requests per key and window
    rate_window: float = 5.0
    duplicate_window: float = 60.0

    def changed(self, chances: Mapping[str, float]) -> "Profile":
        """Return a copy with some figures replaced. Raises TypeError for an unknown one."""
        whole = {key: int(value) if key == "rate_limit" else value for key, value in chances.items()}
        return replace(self, **whole)  # type: ignore[arg-type]  # the names are checked by replace itself


KIND = Profile("kind", callback_delay=0.02)
# No faults, but a network between: for measurements.
STEADY = Profile("steady", answer_least=0.05, callback_delay=0.3)
NASTY = Profile(
    "nasty",
    lose_answer=0.01,
    refuse_503=0.005,
    early_callback=0.15,
    repeat_callback=0.15,
    shuffle_callbacks=0.3,
    read=0.5,
    answer_delay=0.03,
    callback_delay=0.25,
)
# A gateway of today by what is known of it: slow, now and then without an answer, callbacks in any order and twice.
GATEWAY = Profile(
    "gateway",
    lose_answer=0.01,
    fail_accepted=0.01,
    repeat_callback=0.15,
    shuffle_callbacks=0.3,
    read=0.5,
    answer_least=0.05,
    answer_delay=0.35,
    callback_delay=0.5,
    rate_limit=400,
)
PROFILES = {profile.name: profile for profile in (KIND, STEADY, NASTY, GATEWAY)}


class Mode(StrEnum):
    """Kinds of failures on demand."""

    CODE = "code"  # 400 with this error code, nothing accepted
    HTTP = "http"  # this HTTP status with an empty body, nothing accepted
    HTTP_ACCEPTED = "http_accepted"  # the same, but the message was accepted
    LOSE = "lose"  # accepted, no answer
    HANG = "hang"  # accepted, the answer comes after `value` seconds
    STATUS = "status"  # accepted; the status webhook says this error
    TOKEN = "token"  # noqa: S105 - the account's token has expired: nothing accepted


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure for one chat (or `*`), `times` times (None: until it is removed)."""

    mode: Mode
    value: str
    chat_id: str = "*"
    times: int | None = 1


class Dice:
    """The random choices of one stand-in, from one seed, and the failures on demand."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self.profile = profile
        self.failures: list[Failure] = []
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def hits(self, chance: float) -> bool:
        """Return True with this chance."""
        return self._random.random() < chance

    def delay(self, most: float) -> float:
        """Return seconds between 0 and `most`."""
        return self._random.uniform(0, most)

    def pick(self, *choices: Item) -> Item:
        """Return one of the choices."""
        return self._random.choice(choices)

    def failure(self, chat_id: str) -> Failure | None:
        """Return the next failure on demand for a chat, and count it down."""
        for index, failure in enumerate(self.failures):
            if failure.chat_id in ("*", chat_id):
                self._use_up(index, failure)
                return failure
        return None

    def _use_up(self, index: int, failure: Failure) -> None:
        if failure.times is None:
            return
        if failure.times > 1:
            self.failures[index] = replace(failure, times=failure.times - 1)
        else:
            del self.failures[index]
