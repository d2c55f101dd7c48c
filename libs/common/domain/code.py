"""Codes: the short machine names of desks, pools, sources, playbooks, templates and all that playbooks declare.

One pattern for all of them, since what one service keeps is named in another one's playbook, filter or template.
"""

import re
from typing import Annotated

from pydantic import Field

# Wide enough for what each service took while they had patterns of their own: nothing that is stored is refused.
PATTERN = r"^[a-z0-9_][a-z0-9_.-]{0,254}$"
_WHOLE = re.compile(PATTERN.removeprefix("^").removesuffix("$"))

Code = Annotated[str, Field(pattern=PATTERN, description="short machine name")]


def is_code(word: str) -> bool:
    return _WHOLE.fullmatch(word) is not None
