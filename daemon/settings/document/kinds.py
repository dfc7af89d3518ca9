"""The kinds of values a settings document holds: each reads JSON, says what it expects and describes itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeGuard

from queues.errors import SettingFault
from queues.settings import IntegerRange

LONGEST_TEXT: Final = 1024
"""Characters of one text."""
LONGEST_LIST: Final = 10_000
"""Entries of one list or table."""


class Kind(Protocol):
    """One kind of value."""

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - the field's type
        """Read the JSON *value* at *path*; what is wrong with it goes to *faults*, and the answer is then unused."""

    def write(self, value: Any) -> object:  # noqa: ANN401 - the field's type
        """Give the JSON form."""

    def schema(self) -> dict[str, Any]:
        """Describe the JSON form as JSON Schema."""


def _fault(faults: list[SettingFault], path: str, expected: str, value: object) -> None:
    faults.append(SettingFault(field=path, expected=expected, value=value))


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        if not isinstance(value, bool):
            _fault(faults, path, "true or false", value)
        return value

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return value

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer in a range, both ends inclusive."""

    lowest: int
    highest: int

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        allowed = IntegerRange(self.lowest, self.highest)
        if not allowed.holds(value):
            _fault(faults, path, str(allowed), value)
        return value

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return value

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "integer", "minimum": self.lowest, "maximum": self.highest}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        if not isinstance(value, str) or value not in self.words:
            _fault(faults, path, f"one of {', '.join(self.words)}", value)
        return value

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return value

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class OptionalChoice:
    """One of some words, or null."""

    words: tuple[str, ...]

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        if value is not None and value not in self.words:
            _fault(faults, path, f"one of {', '.join(self.words)}, or null", value)
        return value

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return value

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": ["string", "null"], "enum": [*self.words, None]}


@dataclass(frozen=True, slots=True)
class Text:
    """
    A text without blanks around it and without control characters.

    Attributes:
        optional: null is allowed and means none.
        pattern: what it must match whole, None for any text.
        expected: what *pattern* asks for, for people.
    """

    optional: bool = False
    pattern: str | None = None
    expected: str = "a text of 1 to 1024 printable characters"

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        if value is None and self.optional:
            return None
        text = value.strip() if isinstance(value, str) else ""
        is_good = 1 <= len(text) <= LONGEST_TEXT and text.isprintable()
        if not is_good or (self.pattern is not None and not re.fullmatch(self.pattern, text)):
            _fault(faults, path, f"{self.expected} or null" if self.optional else self.expected, value)
        return text

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return value

    def schema(self) -> dict[str, Any]:
        """Describe it; blanks around it are cut, so that lengths and patterns are told by the refusal alone."""
        return {"type": ["string", "null"] if self.optional else "string"}


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of different texts; with *words* each one of them."""

    words: tuple[str, ...] = ()

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        if not is_list(value) or len(value) > LONGEST_LIST:
            _fault(faults, path, f"a list of at most {LONGEST_LIST} texts", value)
            return ()
        kind: Kind = Choice(self.words) if self.words else Text()
        read = tuple(kind.read(each, f"{path}[{place}]", faults) for place, each in enumerate(value))
        seen: set[object] = set()
        for place, each in enumerate(read):
            if isinstance(each, str) and each in seen:
                _fault(faults, f"{path}[{place}]", "a text that is not in the list yet", each)
            if isinstance(each, str):
                seen.add(each)
        return read

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return list(value)

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        items = Choice(self.words).schema() if self.words else {"type": "string"}
        return {"type": "array", "items": items, "maxItems": LONGEST_LIST}


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Tell a JSON list."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | Mapping)


CUSTOM_FIELD: Final = Text(
    optional=True,
    pattern=r"[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*",
    expected="a custom field of the ERP, View.Field",
)
