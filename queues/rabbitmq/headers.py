"""What the broker and the publisher say about a message, as bounded text: shown to people, trusted by nobody."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Final

from pamqp import commands
from pamqp.common import FieldValue
from pamqp.header import ContentHeader
from typing_extensions import override

MOST_HEADERS: Final = 50
LONGEST_HEADER: Final = 500
"""Characters of one header's value; names are cut there as well."""

_PROPERTIES: Final = ("message_id", "timestamp", "content_type", "correlation_id", "app_id", "user_id", "expiration")


class DeferredHeaders(Mapping[str, str]):
    """
    The headers of a delivery, read when somebody looks: nearly always nobody does.

    Args:
        method: the arguments of its `basic.deliver`, as on the wire.
        header: the payload of its content header, as on the wire.
    """

    __slots__ = ("__dict__", "_header", "_method")

    def __init__(self, method: bytes, header: bytes) -> None:
        self._method = method
        self._header = header

    @cached_property
    def _read(self) -> dict[str, str]:
        deliver, header = commands.Basic.Deliver(), ContentHeader()
        try:
            deliver.unmarshal(self._method)
            header.unmarshal(self._header)
        except Exception as error:  # noqa: BLE001 - whatever a stranger sent: headers are only shown to people
            return {"unreadable": _storable(f"the headers could not be read: {error!r}")}
        return read_headers(deliver, header.properties)

    @override
    def __getitem__(self, name: str) -> str:
        return self._read[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    @override
    def __len__(self) -> int:
        return len(self._read)

    @override
    def __repr__(self) -> str:
        return repr(self._read)


def read_headers(deliver: commands.Basic.Deliver, properties: commands.Basic.Properties) -> dict[str, str]:
    """Give exchange, routing key, properties and headers of a delivery; of two with one name the first."""
    headers: dict[str, str] = {}
    for name, value in _entries(deliver, properties):
        if len(headers) == MOST_HEADERS:
            break
        headers.setdefault(_storable(name), _storable(_text(value)))
    return headers


def _storable(text: str) -> str:
    """Cut *text*, and take out the one character that PostgreSQL keeps in no text."""
    return text[:LONGEST_HEADER].replace("\x00", "\ufffd")


def _entries(
    deliver: commands.Basic.Deliver, properties: commands.Basic.Properties
) -> Iterator[tuple[str, FieldValue]]:
    yield "exchange", deliver.exchange
    yield "routing_key", deliver.routing_key
    for name in _PROPERTIES:
        value = getattr(properties, name)
        if value is not None:
            yield name, value
    if properties.headers:
        yield from properties.headers.items()


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        # x-death is a list of tables
        return json.dumps(value, default=_text, ensure_ascii=False)
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="replace")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
