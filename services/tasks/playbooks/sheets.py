"""Call sheets: what a task is for, the steps to tick, and the words to say (P.9)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.terms import Text, Title
from services.tasks.playbooks.values import CODED, CODES, HIDDEN, Declared

#: What message templates and scripts may name of any subject (S4.12); each is known or not.
NAMES = frozenset(
    {"order_number", "amount", "items", "payment_link", "desk_title", "operator_name"}
    | {"partner_title", "partner_address", "partner_site"}
)
#: A name in a script, such as `{order_number}`.
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Script(Declared):
    """What to say, while `when` holds. `{name}` in the text is what is known of the subject under that name.

    Names are those of message templates, fields of outcomes, and the customer's `name`. Where one of them is not
    known, `else` is said, or nothing.
    """

    code: Annotated[str, HIDDEN]
    title: Text
    text: Text
    when: Condition | None = None
    otherwise: Annotated[Text | None, Field(alias="else")] = None

    @property
    def wordings(self) -> tuple[Title, ...]:
        """The text, and the one that takes its place."""
        return (self.text,) if self.otherwise is None else (self.text, self.otherwise)


@dataclass(frozen=True, slots=True)
class CallSheet(Declared):
    """What a task is for, the steps that its operator ticks, and scripts by situation."""

    code: Annotated[str, HIDDEN]
    goal: Text
    steps: Annotated[Mapping[str, Text], CODES] = field(default_factory=dict)
    scripts: Annotated[Mapping[str, Script], CODED] = field(default_factory=dict)
