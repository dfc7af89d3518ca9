"""Records as the ERP sends them: values wrapped, `{}` for none, texts padded with blanks; read by kind."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from daemon.acumatica.answers import storable

WireRecord: TypeAlias = Mapping[str, Any]


_TICKED: Final = frozenset({"true", "yes", "1"})
"""What a box says that is a text field in truth."""


class NotInForm(ValueError):
    """A record without a member that was asked for, or with a value of another kind."""


class Wrapped:
    """
    One record, or one row of a part.

    A member that was asked for and is missing is an error: the ERP leaves unknown names out without a word.

    Args:
        record: the JSON object.
        path: where it stands, for errors: `StockItem AC-1001`.
    """

    def __init__(self, record: object, path: str) -> None:
        if not isinstance(record, dict):
            raise NotInForm(f"{path}: an object was due, got {type(record).__name__}")
        self._record: WireRecord = record
        self._path = path

    @property
    def id(self) -> str:
        """The id of the row."""
        return str(self._record.get("id", ""))

    def has(self, name: str) -> bool:
        """Whether the member came at all."""
        return name in self._record

    def text(self, name: str) -> str | None:
        """A text, blanks at its right cut; None: none, or nothing but blanks."""
        value = self._value(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(name, "a text", value)
        return storable(value).rstrip() or None

    def required(self, name: str) -> str:
        """
        A text that every such record has.

        Raises:
            NotInForm: it has none.
        """
        value = self.text(name)
        if value is None:
            raise NotInForm(f"{self._path}: {name} is empty")
        return value

    def number(self, name: str) -> Decimal | None:
        """An exact number."""
        value = self._value(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            raise self._wrong(name, "a number", value)
        return Decimal(value)

    def whole(self, name: str) -> int | None:
        """A whole number."""
        value = self.number(name)
        if value is not None and value != value.to_integral_value():
            raise self._wrong(name, "a whole number", value)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool | None:
        """Yes or no."""
        value = self._value(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def moment(self, name: str) -> datetime | None:
        """An instant, aware; one without an offset is taken as UTC."""
        value = self._value(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(name, "an instant", value)
        try:
            return read_moment(value)
        except ValueError as error:
            raise self._wrong(name, "an instant", value) from error

    def value(self, name: str) -> str | int | bool | Decimal | None:
        """The value as it came, whatever its kind."""
        value = self._value(name)
        if isinstance(value, str):
            return storable(value).rstrip()
        if value is not None and not isinstance(value, bool | int | Decimal):
            raise self._wrong(name, "a value", value)
        return value

    def custom(self, view: str, name: str) -> str | int | bool | Decimal | None:
        """The value of a custom field that was asked for; None: none, or the site has no such field."""
        member = (self._record.get("custom") or {}).get(view, {}).get(name)
        value = member.get("value") if isinstance(member, dict) else None
        if isinstance(value, str):
            return storable(value).rstrip()
        return value if isinstance(value, bool | int | Decimal) else None

    def box(self, path: str) -> bool | None:
        """A box among the custom fields that were asked for, `View.Field`; None: the site has no such field."""
        view, _, name = path.partition(".")
        if name not in (self._record.get("custom") or {}).get(view, {}):
            return None
        value = self.custom(view, name)
        return value.strip().casefold() in _TICKED if isinstance(value, str) else bool(value)

    def one(self, name: str) -> "Wrapped | None":
        """A linked part; None: there is none."""
        part = self._member(name)
        return None if not part else Wrapped(part, f"{self._path}.{name}")

    def rows(self, name: str) -> Iterator["Wrapped"]:
        """The rows of a detail part."""
        part = self._member(name)
        if part is None:
            return
        if not isinstance(part, list):
            raise self._wrong(name, "a list", part)
        for place, row in enumerate(part):
            yield Wrapped(row, f"{self._path}.{name}[{place}]")

    def files(self) -> Sequence[Mapping[str, Any]]:
        """The attached files, as they came."""
        files = self._record.get("files") or []
        return [file for file in files if isinstance(file, dict)]

    def _member(self, name: str) -> Any:  # noqa: ANN401 - JSON, looked at by the caller
        if name not in self._record:
            raise NotInForm(f"{self._path}: the ERP answered without {name}, which it seems not to know")
        return self._record[name]

    def _value(self, name: str) -> Any:  # noqa: ANN401 - JSON, looked at by the caller
        member = self._member(name)
        if member is None:
            return None
        if not isinstance(member, dict):
            raise self._wrong(name, "an object with a value", member)
        return member.get("value")

    def _wrong(self, name: str, expected: str, got: object) -> NotInForm:
        return NotInForm(f"{self._path}: {name} should be {expected}, got {type(got).__name__} {str(got)[:60]!r}")


def read_moment(text: str) -> datetime:
    """
    Read an instant as the ERP writes it: with an offset, the fraction of 0 to 7 digits.

    Raises:
        ValueError: it is none.
    """
    head, dot, tail = text.strip().partition(".")
    if dot:
        digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        head = f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits) :]}"
    at = datetime.fromisoformat(head)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def wrap(values: Mapping[str, str | int | bool | Decimal | datetime | None]) -> dict[str, object]:
    """Wrap plain values for a body; None clears a field."""
    return {
        name: {"value": value.isoformat() if isinstance(value, datetime) else value} for name, value in values.items()
    }
