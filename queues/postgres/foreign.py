"""Messages the broker gave up on: without a route, or dead-lettered by a policy. None leaves the system unseen."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.errors import InvalidMessage
from queues.message import Message, decode, identify
from queues.postgres.columns import TAKE_CUSTODY, body_columns, identity_of
from queues.postgres.texts import headers_to_json

_FATE = text("""
    select state from ledger where message_id = :message_id order by generation desc limit 1
""")

_END = text("""
    insert into ledger (message_id, generation, queue, key, storeview, part, time, source, event_id, state, attempts,
                        reason, settled_at)
    values (:message_id, 0, :queue, :key, :storeview, '', :time, :source, :event_id, 'failed', 0, :reason, now())
    on conflict do nothing
""")

_BURY = text("""
    insert into dead_letters as d (message_id, generation, queue, key, storeview, time, event_id, source, state, reason,
                                   attempts, error, body, headers)
    values (:message_id, 0, :queue, :key, :storeview, :time, :event_id, :source, 'failed', :reason, 0, :error, :body,
            cast(:headers as jsonb))
    on conflict (message_id) do update
        set occurrences = d.occurrences + 1, failed_at = now(),
            state = case when d.state = 'discarded' then 'failed' else d.state end,
            -- What was erased has come again.
            body = excluded.body, headers = case when d.erased_at is null then d.headers else excluded.headers end,
            erased_at = null
    returning id
""")

_TOLD = {
    "unrouted": "no queue takes messages of this routing key",
    "broker_dead_lettered": "the broker gave this message up (delivery limit, expiry or length limit)",
}


async def import_foreign(
    connection: AsyncConnection, *, body: bytes, headers: dict[str, str], queue: str, reason: str
) -> int | None:
    """
    Make a dead letter of *body*, unless the ledger knows its fate or can keep it.

    Raises:
        ValueError: *reason* is neither `unrouted` nor `broker_dead_lettered`.
    """
    if reason not in _TOLD:
        raise ValueError(f"reason must be one of {', '.join(_TOLD)}, got {reason!r}")
    message: Message | None
    try:
        message = decode(body, headers=headers)
    except InvalidMessage:
        message = None
    if message is not None:
        fate = (await connection.execute(_FATE, {"message_id": message.message_id})).scalar_one_or_none()
        if fate == "trying":
            await connection.execute(TAKE_CUSTODY, body_columns([message]))
        if fate not in {None, "failed", "discarded"}:
            return None
    identity = message.message_id if message is not None else identify("", "", body)
    values: dict[str, Any] = {
        "message_id": identity,
        "queue": queue,
        "reason": reason,
        "error": _TOLD[reason],
        "body": body,
        "headers": headers_to_json(headers),
        **dict.fromkeys(("key", "storeview", "time", "event_id", "source")),
    }
    if message is not None:
        known = identity_of(message)
        # A copy that comes later finds the fate of this one in the ledger.
        await connection.execute(_END, {**values, **known})
        values |= {name: known[name] for name in ("key", "time", "event_id", "source")}
        values["storeview"] = message.event.storeview
    return int((await connection.execute(_BURY, values)).scalar_one())
