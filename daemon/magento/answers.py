"""What a store said: an answer as bytes, the error body inside it, and the text to show for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

MAX_EXCERPT: Final = 2_000
"""Characters of an answer that are kept."""
LONGEST_RETRY_AFTER: Final = 3_600.0
"""Seconds; a longer, or hostile, `Retry-After` must not stop a queue for days."""

_MAX_TEXT: Final = 1_000
_PLACEHOLDER: Final = re.compile(r"%(\w+)")
_ERROR_PAGE_START: Final = re.compile(r"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    An answer as it came, secrets masked.

    Attributes:
        content_type: without its parameters, lower case; empty when there was none.
        body: at most what the client reads.
        cut: there was more.
        location: where a redirect pointed; empty if nowhere.
        retry_after: the header as it came; empty if absent.
    """

    status: int
    content_type: str
    body: bytes
    cut: bool = False
    location: str = ""
    retry_after: str = ""

    @property
    def excerpt(self) -> str:
        """The first part of the body as text that any database can store."""
        return storable(self.body[: 4 * MAX_EXCERPT].decode("utf-8", "replace"))[:MAX_EXCERPT]

    @property
    def is_page(self) -> bool:
        """Whether the body is an HTML page, whatever its content type: Magento sends pages as `text/plain` too."""
        return _ERROR_PAGE_START.match(self.excerpt) is not None

    def document(self) -> object:
        """
        Read the JSON.

        Raises:
            ValueError: it is not JSON by content type and content, or was cut.
        """
        if self.content_type != "application/json":
            raise ValueError(f"the answer is {self.content_type or 'without a content type'} where JSON was due")
        if self.cut:
            raise ValueError(f"the answer is larger than {len(self.body)} bytes")
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"the answer is no JSON: {error}") from error

    def retry_after_seconds(self, now: datetime) -> float | None:
        """Tell how long to wait, 0 to 3,600 seconds, from seconds or an HTTP date; None if it does not say."""
        text = self.retry_after.strip()
        if text.isascii() and text.isdigit():
            # Many digits are simply too many.
            return min(float(text[:20]), LONGEST_RETRY_AFTER)
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return min(max((aware - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """
    The error body of Magento.

    Attributes:
        message: the template, `"%fieldName" is required. Enter and try again.`
        parameters: by name, or a list for `%1`, `%2`; None when there are none.
        details: further errors, filled in.
    """

    message: str
    parameters: Mapping[str, Any] | Sequence[Any] | None = None
    details: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The readable text: placeholders filled in, further errors appended."""
        first = fill_in(self.message, self.parameters)
        more = [detail for detail in self.details if detail not in first]
        return storable("; ".join([first, *more])[:_MAX_TEXT])

    @property
    def input_limit(self) -> int | None:
        """How many rows the store takes, if that is what the error says; the same in every language."""
        if isinstance(self.parameters, Mapping) and "type" in self.parameters:
            highest = self.parameters.get("max")
            return highest if isinstance(highest, int) and not isinstance(highest, bool) and highest > 0 else None
        return None


def storable(text: str) -> str:
    """Replace NUL, which JSON can carry and PostgreSQL cannot, and lone surrogates, which no encoding can."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def read_error(document: object) -> ErrorBody | None:
    """Read the error body out of a JSON answer; None when it has no form of one."""
    if not isinstance(document, dict):
        return None
    message = document.get("message")
    if isinstance(message, str):
        parameters = document.get("parameters")
        errors = document.get("errors")
        return ErrorBody(
            message=message,
            parameters=parameters if isinstance(parameters, dict | list) else None,
            details=tuple(map(_detail, errors)) if isinstance(errors, list) else (),
        )
    # The form of fatal PHP errors.
    messages = document.get("messages")
    errors = messages.get("error") if isinstance(messages, dict) else None
    if isinstance(errors, list) and errors:
        details = tuple(map(_detail, errors))
        return ErrorBody(message=details[0], details=details[1:])
    return None


def fill_in(message: str, parameters: object) -> str:
    """Fill the placeholders of a Magento text: `%name` from an object, `%1` or names in turn from a list."""
    if isinstance(parameters, Mapping):
        return _PLACEHOLDER.sub(
            lambda found: _shown(parameters[found[1]]) if found[1] in parameters else found[0], message
        )
    if isinstance(parameters, Sequence) and not isinstance(parameters, str):
        # The rows of price calls carry named placeholders and a bare list: the names are lost, the order is kept.
        unnamed = iter(parameters)

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name.isdecimal():
                position = int(name[:9]) - 1
                return _shown(parameters[position]) if 0 <= position < len(parameters) else found[0]
            try:
                return _shown(next(unnamed))
            except StopIteration:
                return found[0]

        return _PLACEHOLDER.sub(value, message)
    return message


def _detail(error: object) -> str:
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return fill_in(error["message"], error.get("parameters"))
    return _shown(error)


def _shown(value: object) -> str:
    if value is None:
        return ""
    # Lists and objects may be nested deeper than Python can write out; no text of Magento needs them.
    return str(value)[:_MAX_TEXT] if isinstance(value, str | int | float) else "…"
