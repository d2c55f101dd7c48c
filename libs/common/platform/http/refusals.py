"""What an endpoint may refuse beyond what its shape says, for the OpenAPI document."""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

_NAME = "__refusals__"


def refuses(*codes: str) -> Callable[[F], F]:
    """Name the problem codes that an endpoint's use case may answer with (`docs/problems`).

    What follows from the route itself is not named: tokens, roles, versions, keys, bodies, cursors, ids in paths.
    """

    def named(endpoint: F) -> F:
        setattr(endpoint, _NAME, codes)
        return endpoint

    return named


def refusals_of(endpoint: Callable[..., object]) -> tuple[str, ...]:
    """Return what `refuses` has named; `functools.wraps` keeps it."""
    found: tuple[str, ...] = getattr(endpoint, _NAME, ())
    return found
