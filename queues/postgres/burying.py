"""What settling writes into the dead letters: new ones, ones that failed again, ones that went through."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.message import identify
from queues.ports import RunLease, UnreadableMessage
from queues.postgres.columns import key_of
from queues.postgres.outcomes import Ending
from queues.postgres.texts import headers_to_json, storable
from queues.postgres.verdict_words import error_class_of, status_of

_BURY = text("""
    insert into dead_letters as d (message_id, generation, queue, key, storeview, part, time, event_id, source, state,
                                   reason, attempts, error_class, error, status, body, headers)
    select message_id, generation, cast(:queue as text), key, storeview, part, time, event_id, source, 'failed', reason,
           attempts, error_class, error, status, body, cast(headers as jsonb)
    from unnest(cast(:message_id as uuid[]), cast(:generation as int[]), cast(:key as text[]),
                cast(:storeview as text[]), cast(:part as text[]), cast(:time as timestamptz[]),
                cast(:event_id as text[]), cast(:source as text[]), cast(:reason as text[]), cast(:attempts as int[]),
                cast(:error_class as text[]), cast(:error as text[]), cast(:status as int[]), cast(:body as bytea[]),
                cast(:headers as text[]))
         as given (message_id, generation, key, storeview, part, time, event_id, source, reason, attempts, error_class,
                   error, status, body, headers)
    order by message_id
    on conflict (message_id) do update
        set state = 'failed', generation = excluded.generation, reason = excluded.reason, attempts = excluded.attempts,
            error_class = excluded.error_class, error = excluded.error, status = excluded.status, failed_at = now(),
            changed_at = now(), changed_by = '', changed_why = '',
            -- Bytes that could not be read when they failed first can be read now.
            key = excluded.key, storeview = excluded.storeview, part = excluded.part, time = excluded.time,
            event_id = excluded.event_id, source = excluded.source
        where d.generation <= excluded.generation
""")

_CLOSE = text("""
    update dead_letters d set state = given.state, changed_at = now()
    from unnest(cast(:message_id as uuid[]), cast(:generation as int[]), cast(:state as text[]))
         as given (message_id, generation, state)
    where d.message_id = given.message_id and d.generation = given.generation and d.state = 'reprocessing'
""")

_BURY_UNREADABLE = text("""
    insert into dead_letters as d (message_id, generation, queue, state, reason, attempts, error_class, error, body,
                                   headers, occurrences)
    select message_id, generation, cast(:queue as text), 'failed', 'invalid_message', 0, 'validation', error, body,
           cast(headers as jsonb), occurrences
    from unnest(cast(:message_id as uuid[]), cast(:generation as int[]), cast(:error as text[]),
                cast(:body as bytea[]), cast(:headers as text[]), cast(:occurrences as int[]))
         as given (message_id, generation, error, body, headers, occurrences)
    order by message_id
    on conflict (message_id) do update
        set occurrences = d.occurrences + excluded.occurrences, error = excluded.error, failed_at = now(),
            state = case when d.state in ('discarded', 'reprocessed', 'superseded') then 'failed' else d.state end,
            changed_at = case when d.state in ('discarded', 'reprocessed', 'superseded') then now()
                              else d.changed_at end,
            -- What was erased has come again.
            body = excluded.body, headers = case when d.erased_at is null then d.headers else excluded.headers end,
            erased_at = null
""")

_BURY_AGAIN = text("""
    with given as (
        select * from unnest(cast(:message_id as uuid[]), cast(:generation as int[]), cast(:error as text[]))
            as given (message_id, generation, error)
    ),
    ended as (
        update ledger l set state = 'failed', reason = given.error, settled_at = now()
        from given
        where l.message_id = given.message_id and l.generation = given.generation and l.state = 'waiting'
        returning l.message_id, l.generation, l.queue, l.attempts, l.body, l.headers, given.error
    ),
    emptied as (
        insert into dead_letters as d (message_id, generation, queue, state, reason, attempts, error_class, error, body,
                                       headers)
        select message_id, generation, queue, 'failed', 'invalid_message', attempts, 'validation', error, body,
               coalesce(headers, '{}')
        from ended order by message_id
        on conflict (message_id) do update
            set state = 'failed', generation = excluded.generation, reason = 'invalid_message',
                attempts = excluded.attempts, error_class = 'validation', error = excluded.error, failed_at = now(),
                changed_at = now(), changed_by = '', changed_why = ''
    )
    select count(*) from ended
""")


async def bury(connection: AsyncConnection, lease: RunLease, endings: Sequence[Ending]) -> None:
    """Make dead letters of what failed, and close those whose reprocessing came to an end."""
    failed = [each for each in endings if each.outcome.state == "failed"]
    if failed:
        await connection.execute(_BURY, _columns(lease, failed))
    closed = [
        (
            key_of(each.outcome.message),
            "reprocessed" if each.outcome.state in {"delivered", "skipped"} else "superseded",
        )
        for each in endings
        if each.outcome.message.generation > 0
        and each.outcome.state in {"delivered", "skipped", "superseded", "coalesced"}
    ]
    if closed:
        await connection.execute(
            _CLOSE,
            {
                "message_id": [message_id for (message_id, _), _ in closed],
                "generation": [generation for (_, generation), _ in closed],
                "state": [state for _, state in closed],
            },
        )


async def bury_unreadable(
    connection: AsyncConnection, lease: RunLease, unreadable: Sequence[UnreadableMessage]
) -> None:
    """Make dead letters of bytes that are no event; the same bytes seen again are counted."""
    stored = [each for each in unreadable if each.stored is not None]
    fresh: dict[Any, UnreadableMessage] = {}
    seen: dict[Any, int] = {}
    for each in unreadable:
        if each.stored is None:
            identity = identify("", "", each.body)
            fresh[identity] = each
            seen[identity] = seen.get(identity, 0) + 1
    if fresh:
        await connection.execute(
            _BURY_UNREADABLE,
            {
                "queue": lease.queue,
                "message_id": list(fresh),
                "generation": [0] * len(fresh),
                "error": [_told(each) for each in fresh.values()],
                "body": [each.body for each in fresh.values()],
                "headers": [headers_to_json(each.headers) for each in fresh.values()],
                "occurrences": [seen[identity] for identity in fresh],
            },
        )
    if stored:
        rows = {(each.stored.message_id, each.stored.generation): each for each in stored if each.stored is not None}
        await connection.execute(
            _BURY_AGAIN,
            {
                "message_id": [message_id for message_id, _ in rows],
                "generation": [generation for _, generation in rows],
                "error": [_told(each) for each in rows.values()],
            },
        )


def _told(unreadable: UnreadableMessage) -> str:
    return storable(f"{unreadable.code}: {unreadable.error}")


def _columns(lease: RunLease, endings: Sequence[Ending]) -> dict[str, Any]:
    outcomes = [each.outcome for each in endings]
    events = [outcome.message.event for outcome in outcomes]
    return {
        "queue": lease.queue,
        "message_id": [outcome.message.message_id for outcome in outcomes],
        "generation": [outcome.message.generation for outcome in outcomes],
        "key": [event.subject for event in events],
        "storeview": [event.storeview for event in events],
        "part": [outcome.message.part for outcome in outcomes],
        "time": [event.time for event in events],
        "event_id": [event.id for event in events],
        "source": [event.source for event in events],
        "reason": ["outcome_unknown" if each.outcome_unknown else "attempts_used_up" for each in endings],
        "attempts": [each.attempts for each in endings],
        "error_class": [error_class_of(outcome.verdict) for outcome in outcomes],
        "error": [storable(outcome.reason) for outcome in outcomes],
        "status": [
            status_of(outcome.verdict, None if outcome.verdict is None else outcome.verdict.exchange)
            for outcome in outcomes
        ],
        "body": [outcome.message.body for outcome in outcomes],
        "headers": [headers_to_json(outcome.message.headers) for outcome in outcomes],
    }
