"""Messages as arrays, one per column: how a whole group travels to the server in one statement."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from queues.message import Message
from queues.postgres.texts import headers_to_json

MessageKey = tuple[UUID, int]
"""Message id and generation: the primary key of the ledger."""

IDENTITIES: Final = """
    unnest(cast(:message_id as uuid[]), cast(:generation as int[]), cast(:key as text[]), cast(:storeview as text[]),
           cast(:part as text[]), cast(:time as timestamptz[]), cast(:source as text[]), cast(:event_id as text[]))
    with ordinality as given (message_id, generation, key, storeview, part, time, source, event_id, place)
"""
"""The arrays of `identity_columns` as rows, in the order given."""

BODIES: Final = """
    unnest(cast(:message_id as uuid[]), cast(:generation as int[]), cast(:body as bytea[]), cast(:headers as text[]))
    as copy (message_id, generation, body, headers)
"""
"""The arrays of `body_columns` as rows."""


TAKE_CUSTODY = text(f"""
    update ledger l set body = coalesce(l.body, copy.body), headers = coalesce(l.headers, cast(copy.headers as jsonb))
    from {BODIES}
    where l.message_id = copy.message_id and l.generation = copy.generation and l.state = 'trying'
""")  # noqa: S608 - put together from constants only
"""The ledger takes copies of messages that are being tried: their broker copies may be acknowledged then."""


def key_of(message: Message) -> MessageKey:
    """Give the primary key of a message's ledger row."""
    return message.message_id, message.generation


def distinct(messages: Iterable[Message]) -> list[Message]:
    """Drop repeats of one message, keeping the order: no statement may touch a row twice."""
    return list({key_of(message): message for message in messages}.values())


def identity_columns(messages: Sequence[Message]) -> dict[str, Any]:
    """Give what the ledger knows of each message, without its bytes."""
    return {
        "message_id": [message.message_id for message in messages],
        "generation": [message.generation for message in messages],
        "key": [message.event.subject for message in messages],
        "storeview": [message.event.storeview or "" for message in messages],
        "part": [message.part for message in messages],
        "time": [message.event.time for message in messages],
        "source": [message.event.source for message in messages],
        "event_id": [message.event.id for message in messages],
    }


def body_columns(messages: Sequence[Message]) -> dict[str, Any]:
    """Give the bytes and headers of each message."""
    return {
        "message_id": [message.message_id for message in messages],
        "generation": [message.generation for message in messages],
        "body": [message.body for message in messages],
        "headers": [headers_to_json(message.headers) for message in messages],
    }
