"""
Events and messages: the CloudEvents wire form, read strictly, and the identity of a message (DESIGN.md, section 5).

A ChangeEvent says that a record changed. A Message is one event on its way through a queue: the bytes as they were
published, the event read from them, and a generation (0, plus one for every reprocessing).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NoReturn, Self
from uuid import UUID

import msgspec

from queues.errors import InvalidMessage
from queues.plain_json import read_plain

MAX_EVENT_BYTES: Final = 256 * 1024
MAX_TEXT: Final = 255
"""Characters in `id`, `source`, `subject`, `storeview` and `type`: what indexes and pages can bear."""
MAX_DEPTH: Final = 64

_ENVELOPE = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "storeview", "changed", "data"}
)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEvent:
    """
    A change of one record.

    Attributes:
        id: unique within *source*.
        source: who says so, `acumatica/REVISION`.
        type: `<direction>.<entity>`; also the routing key.
        subject: the record key, trimmed, 1 to 255 characters.
        time: the version of the record, aware, UTC.
        storeview: the scope, None for all.
        changed: names of the fields that changed, None if the source does not say.
        data: the values; numbers with a fraction are Decimals; unknown members are kept.
        extensions: further CloudEvents attributes, kept as they came.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    storeview: str | None = None
    changed: tuple[str, ...] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: object) -> Self:
        """
        Read the members of one CloudEvent.

        Raises:
            InvalidMessage: naming the member, what was expected and what came.
        """
        if not isinstance(document, dict):
            _refuse("invalid", "", "an event must be a JSON object", document)
        version = _text(document, "specversion")
        if version != "1.0":
            _refuse("unsupported_version", "specversion", 'this connector reads "1.0"', version)
        content_type = document.get("datacontenttype", "application/json")
        if content_type != "application/json":
            _refuse("invalid", "datacontenttype", 'must be "application/json"', content_type)
        data = document.get("data")
        if not isinstance(data, dict):
            _refuse("missing" if "data" not in document else "invalid", "data", "must be an object", data)
        return cls(
            id=_text(document, "id"),
            source=_text(document, "source"),
            type=_text(document, "type"),
            subject=_text(document, "subject"),
            time=_instant(document),
            storeview=_text(document, "storeview") if document.get("storeview") is not None else None,
            changed=_names(document.get("changed")),
            data=data,
            extensions={name: value for name, value in document.items() if name not in _ENVELOPE},
        )

    def to_document(self) -> dict[str, Any]:
        """Give the members in their usual order."""
        document: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
        }
        if self.storeview is not None:
            document["storeview"] = self.storeview
        if self.changed is not None:
            document["changed"] = list(self.changed)
        return {**document, **self.extensions, "data": self.data}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """
    One event on its way through a queue.

    Attributes:
        message_id: the identity, a digest of event source, event id and body: published twice, it is one message.
        generation: 0, plus one for every reprocessing.
        body: the bytes as published.
        part: which part of the record, where a record has several that change on their own: the source of a stock
            level. Messages of different parts never stand for each other.
    """

    message_id: UUID
    generation: int
    event: ChangeEvent
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    part: str = ""

    @property
    def key(self) -> str:
        """The record key."""
        return self.event.subject

    @property
    def scope(self) -> tuple[str, str, str]:
        """The record in its store view and part: what superseding and batches compare."""
        return self.event.subject, self.event.storeview or "", self.part

    def again(self, generation: int) -> Self:
        """Give the same message in another generation."""
        return replace(self, generation=generation)


def encode(event: ChangeEvent) -> bytes:
    """Write *event* as canonical bytes: the same event always gives the same ones."""
    return _ENCODER.encode(event.to_document())


def decode(
    body: bytes, *, message_id: UUID | None = None, generation: int = 0, headers: Mapping[str, str] | None = None
) -> Message:
    """
    Read the bytes of one message.

    Args:
        body: as published.
        message_id: the identity the ledger knows it by; None to find it out.
        generation: 0, plus one for every reprocessing.
        headers: for people only.

    Raises:
        InvalidMessage: whatever is wrong with them; no other exception escapes.
    """
    event = ChangeEvent.from_document(parse_json(body))
    return Message(
        message_id=message_id or identify(event.source, event.id, body),
        generation=generation,
        event=event,
        body=body,
        headers={} if headers is None else headers,
    )


def identify(source: str, event_id: str, body: bytes) -> UUID:
    """Give the identity of a message: 128 bits of a SHA-256 over source, event id and body."""
    names = f"{len(source)}:{source}{len(event_id)}:{event_id}".encode("utf-8", "surrogatepass")
    return UUID(bytes=hashlib.sha256(names + body).digest()[:16])


def parse_json(body: bytes) -> object:
    """
    Read JSON strictly: UTF-8, no duplicate members, no NaN, no NUL, no lone surrogates, bounded size and nesting.

    Numbers with a fraction or exponent become Decimals, so that money never passes through binary floats.

    Raises:
        InvalidMessage: with the code `too_large`, `not_utf8`, `not_json` or `invalid`.
    """
    if len(body) > MAX_EVENT_BYTES:
        raise InvalidMessage(
            code="too_large", member="", text=f"an event must be at most {MAX_EVENT_BYTES} bytes, got {len(body)}"
        )
    return parse_json_unbounded(body)


def parse_json_unbounded(body: bytes) -> object:
    """Read JSON as `parse_json` does, without its size limit: for batches, whose events are measured one by one."""
    plain = read_plain(body)
    return _read_with_care(body) if plain is None else plain


def _read_with_care(body: bytes) -> object:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidMessage(
            code="not_utf8", member="", text=f"the body must be UTF-8, byte {error.start} is not"
        ) from error
    try:
        document = json.loads(
            text, object_pairs_hook=_object, parse_float=_fraction, parse_constant=_refuse_constant, parse_int=_integer
        )
    except RecursionError as error:
        raise InvalidMessage(code="invalid", member="", text=f"nested deeper than {MAX_DEPTH} levels") from error
    except ValueError as error:
        raise InvalidMessage(code="not_json", member="", text=f"the body must be JSON: {error}") from error
    if "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth_and_texts(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidMessage(code="invalid", member=twice, text="the member stands twice in one object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidMessage(code="not_json", member="", text=f"{name} is not JSON")


_LONGEST_NUMBER: Final = 400


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise InvalidMessage(
            code="invalid", member="", text=f"a number must have at most {_LONGEST_NUMBER} digits, got {len(digits)}"
        )
    return int(digits)


def _fraction(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except ArithmeticError as error:
        raise InvalidMessage(
            code="invalid", member="", text=f"a number's exponent is out of every range: {digits[:MAX_TEXT]}"
        ) from error


def _check_depth_and_texts(document: object) -> None:
    """Walk without recursion; only called when an escape or many brackets make it worth while."""
    stack: list[tuple[str, object, int]] = [("", document, 1)]
    while stack:
        path, value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise InvalidMessage(code="invalid", member=path[:MAX_TEXT], text=f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, str):
            _check_text(path, value)
        elif isinstance(value, list):
            stack += [(f"{path}[{index}]", each, depth + 1) for index, each in enumerate(value)]
        elif isinstance(value, dict):
            for name, each in value.items():
                inner = f"{path}.{name}" if path else name
                _check_text(path or "a member's name", name)
                stack.append((inner, each, depth + 1))


def _check_text(path: str, value: str) -> None:
    if "\x00" in value:
        raise InvalidMessage(code="invalid", member=_printable(path), text="must not contain NUL")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidMessage(
            code="invalid", member=_printable(path), text="must not contain a lone surrogate"
        ) from error


def _printable(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\x00", "\\x00")[:MAX_TEXT]


def _text(document: Mapping[str, object], member: str) -> str:
    value = document.get(member)
    if not isinstance(value, str) or not (value := value.strip()):
        _refuse("missing" if member not in document else "invalid", member, "must be a text that is not empty", value)
    if len(value) > MAX_TEXT:
        _refuse("invalid", member, f"must have at most {MAX_TEXT} characters", f"{len(value)} characters")
    return value


def _instant(document: Mapping[str, object]) -> datetime:
    text = _text(document, "time")
    if _RFC3339.fullmatch(text):
        # The shape may be right and the day still wrong: then the refusal below tells it.
        with suppress(ValueError, OverflowError):
            time = datetime.fromisoformat(text.upper())
            return time if time.tzinfo is UTC else time.astimezone(UTC)
    return _refuse("invalid", "time", "must be an RFC 3339 time with its zone, as 2026-11-21T10:00:00Z", text)


def _names(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        _refuse("invalid", "changed", "must be a list of field names", value)
    return tuple(value)


def _refuse(code: str, member: str, expected: str, came: object) -> NoReturn:
    shown = "nothing" if came is None else f"{came!r}"[:120]
    raise InvalidMessage(code=code, member=member, text=f"{expected}, got {shown}")
