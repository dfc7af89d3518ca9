"""What the broker and the publisher say about a message, as bounded text: shown to people, trusted by nobody."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from aiormq.abc import DeliveredMessage
from pamqp import commands

MOST_HEADERS: Final = 50
LONGEST_HEADER: Final = 500
"""Characters of one header's value; names are cut there as well."""

_PROPERTIES: Final = ("message_id", "timestamp", "content_type", "correlation_id", "app_id", "user_id", "expiration")


def read_headers(message: DeliveredMessage) -> dict[str, str]:
    """Give exchange, routing key, properties and headers of *message*; of two with one name the first."""
    headers: dict[str, str] = {}
    for name, value in _entries(message):
        if len(headers) == MOST_HEADERS:
            break
        headers.setdefault(_storable(name), _storable(_text(value)))
    return headers


def _storable(text: str) -> str:
    """Cut *text*, and take out the one character that PostgreSQL keeps in no text."""
    return text[:LONGEST_HEADER].replace("\x00", "\ufffd")


def _entries(message: DeliveredMessage) -> Iterator[tuple[str, object]]:
    delivery, properties = message.delivery, message.header.properties
    if isinstance(delivery, commands.Basic.Deliver):
        yield "exchange", delivery.exchange
        yield "routing_key", delivery.routing_key
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
