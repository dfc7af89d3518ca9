"""How an event's data is refused: the member, what was expected, what came."""

from typing import Final, NoReturn

from queues.errors import InvalidMessage

_SHOWN: Final = 120
"""Characters of the value shown; it may be a megabyte of digits."""
_LONGEST_INTEGER: Final = 1024
"""Bits of an integer that is shown as it came."""


def refuse(code: str, member: str, expected: str, came: object) -> NoReturn:
    """
    Refuse the *member* of an event.

    Args:
        code: stable, for programs.
        member: the JSON member at fault, `data.price`.
        expected: what it must be, as in `must be …`.
        came: what it was; None for nothing.

    Raises:
        InvalidMessage: always.
    """
    raise InvalidMessage(code=code, member=member, text=f"{expected}, got {_shown(came)}")


def _shown(came: object) -> str:
    if came is None:
        return "nothing"
    if isinstance(came, int) and came.bit_length() > _LONGEST_INTEGER:
        # Python refuses to write out integers of some thousand digits.
        return f"an integer of {came.bit_length()} bits"
    text = came if isinstance(came, str) else str(came)
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return repr(text) if isinstance(came, str) else text
