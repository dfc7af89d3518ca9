"""
Messages as rows: how a whole group travels to the server in one statement.

What every group carries travels as one JSON text, which costs the driver a fifth of what as many arrays do: it looks at
each of their elements several times. Bytes, which only some carry, travel as arrays.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from queues.message import Message
from queues.postgres.texts import as_rows, headers_to_json

LOST_ATTEMPT: Final = "the worker stopped before the outcome was recorded"

MessageKey = tuple[UUID, int]
"""Message id and generation: the primary key of the ledger."""

IDENTITIES: Final = """
    rows from (json_to_recordset(cast(cast(:identities as text) as json))
               as (message_id uuid, generation int, key text, storeview text, part text, time timestamptz, source text,
                   event_id text))
    with ordinality as given (message_id, generation, key, storeview, part, time, source, event_id, place)
"""
"""The rows of `identity_rows`, in the order given."""

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


OUTCOME_UNKNOWN: Final = """
    case when l.attempts > 0 then coalesce((
        select a.outcome = 'unknown' from attempts a
        where a.message_id = l.message_id and a.generation = l.generation and a.number = l.attempts), false)
    else false end
"""
"""Of a ledger row `l` that is not being tried: its last attempt ended with a dead worker."""


def key_of(message: Message) -> MessageKey:
    """Give the primary key of a message's ledger row."""
    return message.message_id, message.generation


def distinct(messages: Iterable[Message]) -> list[Message]:
    """Drop repeats of one message, keeping the order: no statement may touch a row twice."""
    return list({key_of(message): message for message in messages}.values())


def identity_rows(messages: Iterable[Message]) -> dict[str, str]:
    """Give what the ledger knows of each message, without its bytes."""
    return {"identities": as_rows([identity_of(message) for message in messages])}


def identity_of(message: Message) -> dict[str, Any]:
    """Give what the ledger knows of one message, without its bytes."""
    event = message.event
    return {
        "message_id": message.message_id,
        "generation": message.generation,
        "key": event.subject,
        "storeview": event.storeview or "",
        "part": message.part,
        "time": event.time,
        "source": event.source,
        "event_id": event.id,
    }


def body_columns(messages: Sequence[Message]) -> dict[str, Any]:
    """Give the bytes and headers of each message."""
    return {
        "message_id": [message.message_id for message in messages],
        "generation": [message.generation for message in messages],
        "body": [message.body for message in messages],
        "headers": [headers_to_json(message.headers) for message in messages],
    }
