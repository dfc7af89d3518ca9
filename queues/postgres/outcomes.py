"""Outcomes of attempts: the ledger rows they end and the attempts they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.definition import QueueDefinition
from queues.ports import FinishedRequest, Outcome, RunLease
from queues.postgres.claiming import LOST_ATTEMPT
from queues.postgres.columns import IDENTITIES, identity_columns, key_of
from queues.postgres.texts import headers_to_json, storable
from queues.postgres.verdict_words import NO_EXCHANGE, error_class_of, error_of, name_of, status_of
from queues.verdicts import Delivered

_END_TRIED = text("""
    -- Arrays that are shorter than the others give null to the rest of the rows: these were simply delivered.
    with given as materialized (
        select * from unnest(
            cast(:message_id as uuid[]), cast(:generation as int[]), cast(:state as text[]), cast(:reason as text[]),
            cast(:body as bytea[]), cast(:headers as text[]), cast(:number as int[]), cast(:at as timestamptz[]),
            cast(:duration_ms as float8[]), cast(:outcome as text[]), cast(:error_class as text[]),
            cast(:error as text[]), cast(:status as int[]), cast(:request as text[]), cast(:request_id as text[]),
            cast(:records as int[]), cast(:excerpt as text[])
        ) as given (message_id, generation, state, reason, body, headers, number, at, duration_ms, outcome, error_class,
                    error, status, request, request_id, records, excerpt)
    ),
    mine as (
        update ledger l
        set state = coalesce(given.state, 'delivered'), reason = coalesce(given.reason, ''), owner = null,
            lease_until = null,
            body = case when given.state = 'waiting' then coalesce(l.body, given.body) end,
            headers = case when given.state = 'waiting' then coalesce(l.headers, cast(given.headers as jsonb)) end,
            settled_at = case when given.state = 'waiting' then null else now() end
        from given
        -- Written so that the row is found by its primary key, never by the index of what is being tried: that one
        -- holds an entry for every message tried since the last vacuum.
        where l.message_id = given.message_id and l.generation = given.generation
          and l.state || '' = 'trying' and l.owner = cast(:run as uuid)
        returning given.*
    ),
    noted as (
        insert into attempts (message_id, generation, number, at, duration_ms, outcome, error_class, error, status,
                              request, request_id, records, excerpt, settings_version, run_id)
        select message_id, generation, number, coalesce(at, now()), duration_ms, coalesce(outcome, 'delivered'),
               error_class, coalesce(error, ''), status, request, request_id, records, excerpt,
               cast(:settings_version as int), cast(:run as uuid)
        from mine
        on conflict (message_id, generation, number) do update
            set outcome = excluded.outcome, error_class = excluded.error_class, error = excluded.error,
                status = excluded.status, duration_ms = excluded.duration_ms, excerpt = excluded.excerpt,
                request = excluded.request, request_id = excluded.request_id, records = excluded.records
    )
    select message_id, generation from mine
""")

_END_UNTRIED = text(f"""
    with given as materialized (
        select * from {IDENTITIES}
        join unnest(cast(:message_id as uuid[]), cast(:generation as int[]), cast(:state as text[]),
                    cast(:reason as text[])) as ending (message_id, generation, state, reason)
        using (message_id, generation)
    ),
    lost as (
        insert into attempts (message_id, generation, number, at, outcome, error, run_id)
        select l.message_id, l.generation, l.attempts, l.claimed_at, 'unknown', cast(:lost as text), l.owner
        from ledger l join given using (message_id, generation)
        where l.state = 'trying' and l.lease_until < now() and l.attempts > 0
        on conflict do nothing
    ),
    ended as (
        insert into ledger as l (message_id, generation, queue, key, storeview, part, time, source, event_id, state,
                                 attempts, reason, settled_at)
        select message_id, generation, cast(:queue as text), key, storeview, part, time, source, event_id, state, 0,
               reason, now()
        from given order by message_id, generation
        on conflict (message_id, generation) do update
            set state = excluded.state, reason = excluded.reason, owner = null, lease_until = null, body = null,
                headers = null, settled_at = now()
            where l.state = 'waiting'
               or (l.state = 'trying' and (l.lease_until < now() or l.owner = cast(:run as uuid)))
        returning message_id, generation, attempts
    )
    select ended.message_id, ended.generation, ended.attempts, before.state as state_before
    from ended left join ledger before using (message_id, generation)
""")  # noqa: S608 - put together from constants only


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What `Ledger.settle` is asked to write, but for the unreadable messages."""

    lease: RunLease
    definition: QueueDefinition
    requests: Sequence[FinishedRequest]
    settings_version: int

    def outcomes(self) -> Iterator[tuple[FinishedRequest, Outcome]]:
        """Give every outcome with its request; of one message told twice, the last counts."""
        last = {
            key_of(outcome.message): (request, outcome) for request in self.requests for outcome in request.outcomes
        }
        yield from last.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An outcome that was written: the row was ours. *attempts* were made; *was_trying* when none is recorded."""

    outcome: Outcome
    attempts: int
    was_trying: bool


async def write_outcomes(connection: AsyncConnection, settlement: Settlement) -> list[Ending]:
    """Write outcomes and attempts; answer those whose rows were ours."""
    # Sorted as every other statement locks: two that meet wait for each other instead of deadlocking.
    pairs = sorted(settlement.outcomes(), key=_lock_order)
    tried = [pair for pair in pairs if pair[1].attempt > 0]
    untried = [outcome for _, outcome in pairs if outcome.attempt == 0]
    endings: list[Ending] = []
    if tried:
        answer = await connection.execute(_END_TRIED, _tried_columns(settlement, tried))
        mine = {(message_id, generation) for message_id, generation in answer}
        endings += [
            Ending(outcome=outcome, attempts=outcome.attempt, was_trying=False)
            for _, outcome in tried
            if key_of(outcome.message) in mine
        ]
    if untried:
        endings += await _end_untried(connection, settlement, untried)
    return endings


async def _end_untried(
    connection: AsyncConnection, settlement: Settlement, outcomes: Sequence[Outcome]
) -> list[Ending]:
    answer = await connection.execute(
        _END_UNTRIED,
        {
            **identity_columns([outcome.message for outcome in outcomes]),
            "state": [outcome.state for outcome in outcomes],
            "reason": [storable(outcome.reason) for outcome in outcomes],
            "queue": settlement.lease.queue,
            "run": settlement.lease.run_id,
            "lost": LOST_ATTEMPT,
        },
    )
    rows = {(row.message_id, row.generation): row for row in answer}
    return [
        Ending(outcome=outcome, attempts=row.attempts, was_trying=row.state_before == "trying")
        for outcome in outcomes
        if (row := rows.get(key_of(outcome.message))) is not None
    ]


def _lock_order(pair: tuple[FinishedRequest, Outcome]) -> tuple[bool, int, int]:
    """Sort by key; what was simply delivered comes last, so that it needs no value in many of the columns."""
    outcome = pair[1]
    return _is_plain(outcome), outcome.message.message_id.int, outcome.message.generation


def _is_plain(outcome: Outcome) -> bool:
    return outcome.state == "delivered" and isinstance(outcome.verdict, Delivered)


def _tried_columns(settlement: Settlement, pairs: Sequence[tuple[FinishedRequest, Outcome]]) -> dict[str, Any]:
    outcomes = [outcome for _, outcome in pairs]
    exchanges = [
        (None if outcome.verdict is None else outcome.verdict.exchange) or request.exchange
        for request, outcome in pairs
    ]
    told = [exchange or NO_EXCHANGE for exchange in exchanges]
    troubled = [outcome for outcome in outcomes if not _is_plain(outcome)]
    return {
        "run": settlement.lease.run_id,
        "settings_version": settlement.settings_version,
        "message_id": [outcome.message.message_id for outcome in outcomes],
        "generation": [outcome.message.generation for outcome in outcomes],
        "number": [outcome.attempt for outcome in outcomes],
        "at": [None if exchange is None else exchange.started_at for exchange in exchanges],
        "duration_ms": [None if exchange is None else exchange.duration_ms for exchange in exchanges],
        "status": [status_of(outcome.verdict, exchange) for outcome, exchange in zip(outcomes, exchanges, strict=True)],
        "request": [storable(exchange.request) for exchange in told],
        "request_id": [storable(exchange.request_id) for exchange in told],
        "records": [None if exchange is None else exchange.records for exchange in exchanges],
        "excerpt": [storable(exchange.answer) for exchange in told],
        "state": [outcome.state for outcome in troubled],
        "reason": [storable(outcome.reason) for outcome in troubled],
        "body": [outcome.message.body if outcome.state == "waiting" else None for outcome in troubled],
        "headers": [
            headers_to_json(outcome.message.headers) if outcome.state == "waiting" else None for outcome in troubled
        ],
        "outcome": [name_of(outcome.verdict) for outcome in troubled],
        "error_class": [error_class_of(outcome.verdict) for outcome in troubled],
        "error": [error_of(outcome.verdict) for outcome in troubled],
    }
