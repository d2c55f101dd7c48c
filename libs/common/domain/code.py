"""Codes: the short machine names of desks, pools, sources, playbooks, templates and all that playbooks declare.

One pattern for all of them, since one service's code stands in another one's playbook, filter or template.
"""

import re
from typing import Annotated

from pydantic import Field

# Wide enough for every code that the services' earlier patterns accepted: no stored code is refused.
PATTERN = r"^[a-z0-9_][a-z0-9_.-]{0,254}$"
_WHOLE = re.compile(PATTERN.removeprefix("^").removesuffix("$"))

Code = Annotated[str, Field(pattern=PATTERN, description="short machine name")]


def is_code(word: str) -> bool:
    return _WHOLE.fullmatch(word) is not None
