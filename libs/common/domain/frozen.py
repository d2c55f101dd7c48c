"""`replace` of frozen dataclasses, at less than half of what the standard library's takes.

That calls `__init__`, which in a frozen class sets each field by `object.__setattr__`: 9 µs for a task of tasks.
Here the slots are copied as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

__all__ = ["replace"]

T = TypeVar("T")

if TYPE_CHECKING:  # mypy knows by it which fields there are
    from dataclasses import replace
else:

    def replace(value: T, /, **changes: object) -> T:
        """Return a copy of a frozen dataclass with slots, some fields changed. Raises KeyError for one it lacks."""
        kind = type(value)
        slots, written = _slots_of(kind)
        made = object.__new__(kind)
        for read, write in slots:
            write(made, read(value))
        for name, part in changes.items():
            written[name](made, part)
        return made


_Read: TypeAlias = Callable[[object], object]
_Write: TypeAlias = Callable[[object, object], None]


@cache
def _slots_of(kind: type[Any]) -> tuple[Sequence[tuple[_Read, _Write]], Mapping[str, _Write]]:
    """Return how the fields of a class are read, and written past what freezes them. Raises TypeError."""
    slots: dict[str, MemberDescriptorType] = {}
    for field in fields(kind):
        slot = getattr(kind, field.name, None)
        if not isinstance(slot, MemberDescriptorType) or hasattr(kind, "__post_init__"):
            raise TypeError(f"{kind.__name__} computes fields, or has some outside of slots")
        slots[field.name] = slot
    written = {name: slot.__set__ for name, slot in slots.items()}
    return tuple((slot.__get__, slot.__set__) for slot in slots.values()), written
