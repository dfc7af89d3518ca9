"""Text from outside made safe and short for a terminal."""

from typing import Final

_ELLIPSIS: Final = "…"
_LAST_OF_FOUR_DIGITS: Final = 0xFFFF


def safe(text: str, *, keep: str = "") -> str:
    """
    Write every character that cannot be seen, or that steers a terminal or the reading direction, as an escape.

    Args:
        text: whatever came.
        keep: characters left as they are, such as a line end.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in keep else _escape(each) for each in text)


def one_line(text: str) -> str:
    """Put *text* on one line: any run of blanks and line ends becomes one blank, the rest is made safe."""
    return safe(" ".join(text.split()))


def cut(text: str, longest: int) -> str:
    """Shorten *text* to *longest* characters, the last of them an ellipsis where something is missing."""
    return text if len(text) <= longest else text[: max(longest - 1, 0)] + _ELLIPSIS


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: `1 message`, `2,000 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _escape(character: str) -> str:
    code = ord(character)
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    # The form JSON has too, so that an escaped document stays a document.
    return f"\\u{code:04x}" if code <= _LAST_OF_FOUR_DIGITS else "".join(f"\\u{half:04x}" for half in _surrogates(code))


def _surrogates(code: int) -> tuple[int, int]:
    rest = code - 0x10000
    return 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF)
