"""A value that must not be shown: tokens, passwords, URLs with user-info."""

import hmac
from typing import Final, NoReturn

from typing_extensions import override

_MASK: Final = "********"


class Secret:
    """
    Text that neither `repr`, `str`, formatting, logging nor pickling give away; only `reveal` does.

    Args:
        value: the text to keep.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the text; for the one place that hands it to the other side."""
        return self._value

    @override
    def __repr__(self) -> str:
        return f"Secret({_MASK!r})"

    @override
    def __str__(self) -> str:
        return _MASK

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    @override
    def __hash__(self) -> int:
        return hash((Secret, self._value))

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")
