"""What the ERP said: an answer as bytes, exact numbers inside it, and its several forms of errors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

MAX_EXCERPT: Final = 2_000
"""Characters of an answer that are kept."""
LONGEST_RETRY_AFTER: Final = 3_600.0
"""Seconds; a longer, or hostile, `Retry-After` must not stop a queue for days."""

_MAX_TEXT: Final = 1_000
_DEEPEST: Final = 50
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_TAG: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_PAGE: Final = re.compile(r"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    An answer as it came, secrets masked.

    Attributes:
        content_type: without its parameters, lower case; empty when there was none.
        body: at most what the client reads.
        cut: there was more.
        location: where an action's status is found, or a redirect pointed; empty if nowhere.
        retry_after: the header as it came; empty if absent.
        date: the server's clock, None if it did not tell.
    """

    status: int
    content_type: str
    body: bytes
    cut: bool = False
    location: str = ""
    retry_after: str = ""
    date: datetime | None = None

    @property
    def is_page(self) -> bool:
        """Whether the body is an HTML page, whatever its content type."""
        return _PAGE.match(self.body[:200].decode("utf-8", "replace")) is not None

    @property
    def excerpt(self) -> str:
        """The first part of the body as text any database can store; stack traces dropped, pages without their tags."""
        text = self.body[: 4 * MAX_EXCERPT].decode("utf-8", "replace")
        if self.is_page:
            text = " ".join(_TAG.sub(" ", text).split())
        elif b"stackTrace" in self.body:
            try:
                text = _ENCODER.encode(_without_traces(self.document())).decode()
            except ValueError:
                text = text.partition('"stackTrace"')[0]
        return storable(text)[:MAX_EXCERPT]

    def document(self) -> object:
        """
        Read the JSON; numbers with a fraction become Decimal.

        Raises:
            ValueError: it is not JSON by content type and content, or was cut.
        """
        if self.content_type != "application/json":
            raise ValueError(f"the answer is {self.content_type or 'without a content type'} where JSON was due")
        if self.cut:
            raise ValueError(f"the answer is larger than {len(self.body)} bytes")
        try:
            return _DECODER.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"the answer is no JSON: {error}") from error

    def retry_after_seconds(self, now: datetime) -> float | None:
        """Tell how long to wait, 0 to 3,600 seconds, from seconds or an HTTP date; None if it does not say."""
        text = self.retry_after.strip()
        if text.isascii() and text.isdigit():
            return min(float(text[:20]), LONGEST_RETRY_AFTER)
        at = read_date(text)
        return None if at is None else min(max((at - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """
    What an error answer says.

    Attributes:
        text: the innermost message; of a refused record its errors with their fields.
        kinds: the exception types, outermost first; empty for other forms.
        fields: path of each refused field to its error.
    """

    text: str
    kinds: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()

    def is_kind(self, name: str) -> bool:
        """Whether an exception of that name, whatever its namespace, is in the tree."""
        return any(kind.rpartition(".")[2] == name for kind in self.kinds)


def storable(text: str) -> str:
    """Replace NUL, which JSON can carry and PostgreSQL cannot, and lone surrogates, which no encoding can."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def read_date(text: str) -> datetime | None:
    """Read an HTTP date; None if it is none."""
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def read_error(document: object) -> ErrorBody | None:
    """Read what an error answer says: exception tree, refused record, unreadable body, OAuth; None: none of these."""
    if not isinstance(document, dict):
        return None
    if "exceptionMessage" in document or "exceptionType" in document:
        return _from_tree(document)
    state = document.get("modelState")
    if isinstance(state, dict):
        reasons = [str(reason) for entries in state.values() if isinstance(entries, list) for reason in entries]
        return ErrorBody(text=_shown("; ".join(reasons) or str(document.get("message", ""))))
    fields = tuple(_field_errors(document, "", 0))
    if fields:
        text = "; ".join(f"{path}: {error}" if path else error for path, error in fields)
        return ErrorBody(text=_shown(text), fields=fields)
    for member in ("error_description", "message", "error"):
        if isinstance(document.get(member), str):
            return ErrorBody(text=_shown(document[member]))
    return None


def _from_tree(document: dict[str, object]) -> ErrorBody:
    kinds: list[str] = []
    text = ""
    level: object = document
    for _ in range(_DEEPEST):
        if not isinstance(level, dict):
            break
        kinds.append(str(level.get("exceptionType") or ""))
        text = str(level.get("exceptionMessage") or "") or text
        level = level.get("innerException")
    return ErrorBody(text=_shown(text or str(document.get("message", ""))), kinds=tuple(kinds))


def _field_errors(record: dict[str, object], path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Walk a record for `error` members: beside values, on rows, on the record itself."""
    error = record.get("error")
    if isinstance(error, str) and error and ("value" in record or "id" in record or path):
        yield path, error
    if depth > _DEEPEST:
        return
    for name, member in record.items():
        here = f"{path}.{name}" if path else name
        if isinstance(member, dict):
            yield from _field_errors(member, here, depth + 1)
        elif isinstance(member, list):
            for place, row in enumerate(member):
                if isinstance(row, dict):
                    yield from _field_errors(row, f"{here}[{place}]", depth + 1)


def _without_traces(value: object, depth: int = 0) -> object:
    if isinstance(value, dict) and depth < _DEEPEST:
        return {name: _without_traces(member, depth + 1) for name, member in value.items() if name != "stackTrace"}
    return value


def _shown(text: str) -> str:
    return storable(" ".join(_TAG.sub(" ", text).split())[:_MAX_TEXT])
