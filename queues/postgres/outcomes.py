"""Outcomes of attempts: the ledger rows they end, the attempts they are, the log rows that tell them."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.definition import QueueDefinition
from queues.ports import FinishedRequest, Outcome, RunLease
from queues.postgres.claiming import LOST_ATTEMPT
from queues.postgres.columns import IDENTITIES, MessageKey, identity_columns, key_of
from queues.postgres.texts import headers_to_json, storable, to_json
from queues.verdicts import Delivered, Exchange, Refused, Skipped, Undetermined, Unreachable, Verdict

_SHORT_TEXT: Final = 300
"""Characters of an error in the details of a log row; the whole of it stands in `attempts`."""

_END_TRIED = text("""
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
        set state = given.state, reason = given.reason, owner = null, lease_until = null,
            body = case when given.state = 'waiting' then coalesce(l.body, given.body) end,
            headers = case when given.state = 'waiting' then coalesce(l.headers, cast(given.headers as jsonb)) end,
            settled_at = case when given.state <> 'waiting' then now() end
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
        select message_id, generation, number, coalesce(at, now()), duration_ms, outcome, error_class, error, status,
               request, request_id, records, excerpt, cast(:settings_version as int), cast(:run as uuid)
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

_LOG = text("""
    insert into sync_log (at, id, queue, mode, request, request_id, status, duration_ms, records, delivered, skipped,
                          retried, failed, superseded, coalesced, excerpt, details, run_id, settings_version)
    select coalesce(at, now()), id, cast(:queue as text), mode, request, request_id, status, duration_ms, records,
           delivered, skipped, retried, failed, superseded, coalesced, excerpt, cast(details as jsonb),
           cast(:run as uuid), cast(:settings_version as int)
    from unnest(cast(:at as timestamptz[]), cast(:id as uuid[]), cast(:mode as text[]), cast(:request as text[]),
                cast(:request_id as text[]), cast(:status as int[]), cast(:duration_ms as float8[]),
                cast(:records as int[]), cast(:delivered as int[]), cast(:skipped as int[]), cast(:retried as int[]),
                cast(:failed as int[]), cast(:superseded as int[]), cast(:coalesced as int[]),
                cast(:excerpt as text[]), cast(:details as text[]))
         as given (at, id, mode, request, request_id, status, duration_ms, records, delivered, skipped, retried, failed,
                   superseded, coalesced, excerpt, details)
    on conflict do nothing
""")

_NOTHING: Final = Exchange(
    request="", request_id="", started_at=datetime.min.replace(tzinfo=UTC), duration_ms=0, records=0
)


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
    pairs = sorted(settlement.outcomes(), key=lambda pair: key_of(pair[1].message))
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


async def write_log(connection: AsyncConnection, settlement: Settlement, written: Collection[MessageKey]) -> None:
    """Write one log row per request; one that reached no target is only told if it changed something."""
    rows = [
        request
        for request in settlement.requests
        if request.exchange is not None or any(key_of(each.message) in written for each in request.outcomes)
    ]
    if rows:
        await connection.execute(_LOG, _log_columns(settlement, rows, written))


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


def _tried_columns(settlement: Settlement, pairs: Sequence[tuple[FinishedRequest, Outcome]]) -> dict[str, Any]:
    outcomes = [outcome for _, outcome in pairs]
    verdicts = [outcome.verdict for outcome in outcomes]
    exchanges = [
        (None if verdict is None else verdict.exchange) or request.exchange
        for (request, _), verdict in zip(pairs, verdicts, strict=True)
    ]
    told = [exchange or _NOTHING for exchange in exchanges]
    stays = [outcome.state == "waiting" for outcome in outcomes]
    return {
        "run": settlement.lease.run_id,
        "settings_version": settlement.settings_version,
        "message_id": [outcome.message.message_id for outcome in outcomes],
        "generation": [outcome.message.generation for outcome in outcomes],
        "state": [outcome.state for outcome in outcomes],
        "reason": [storable(outcome.reason) for outcome in outcomes],
        "body": [outcome.message.body if stay else None for outcome, stay in zip(outcomes, stays, strict=True)],
        "headers": [
            headers_to_json(outcome.message.headers) if stay else None
            for outcome, stay in zip(outcomes, stays, strict=True)
        ],
        "number": [outcome.attempt for outcome in outcomes],
        "at": [None if exchange is None else exchange.started_at for exchange in exchanges],
        "duration_ms": [None if exchange is None else exchange.duration_ms for exchange in exchanges],
        "outcome": [name_of(verdict) for verdict in verdicts],
        "error_class": [error_class_of(verdict) for verdict in verdicts],
        "error": [error_of(verdict) for verdict in verdicts],
        "status": [status_of(verdict, exchange) for verdict, exchange in zip(verdicts, exchanges, strict=True)],
        "request": [storable(exchange.request) for exchange in told],
        "request_id": [exchange.request_id for exchange in told],
        "records": [None if exchange is None else exchange.records for exchange in exchanges],
        "excerpt": [storable(exchange.answer) for exchange in told],
    }


def _log_columns(
    settlement: Settlement, requests: Sequence[FinishedRequest], written: Collection[MessageKey]
) -> dict[str, Any]:
    exchanges = [request.exchange for request in requests]
    told = [exchange or _NOTHING for exchange in exchanges]
    states = [[outcome.state for outcome in request.outcomes] for request in requests]
    return {
        "queue": settlement.lease.queue,
        "run": settlement.lease.run_id,
        "settings_version": settlement.settings_version,
        "at": [None if exchange is None else exchange.started_at for exchange in exchanges],
        "id": [_digest(settlement.lease, request) for request in requests],
        "mode": [request.mode for request in requests],
        "request": [storable(exchange.request) for exchange in told],
        "request_id": [exchange.request_id for exchange in told],
        "status": [exchange.status for exchange in told],
        "duration_ms": [None if exchange is None else exchange.duration_ms for exchange in exchanges],
        "records": [
            len(request.outcomes) if request.exchange is None else request.exchange.records for request in requests
        ],
        "delivered": [each.count("delivered") for each in states],
        "skipped": [each.count("skipped") for each in states],
        "retried": [each.count("waiting") for each in states],
        "failed": [each.count("failed") for each in states],
        "superseded": [each.count("superseded") for each in states],
        "coalesced": [each.count("coalesced") for each in states],
        "excerpt": [storable(exchange.answer) for exchange in told],
        "details": [to_json([_detail(outcome, written) for outcome in request.outcomes]) for request in requests],
    }


def _detail(outcome: Outcome, written: Collection[MessageKey]) -> dict[str, object]:
    message = outcome.message
    detail: dict[str, object] = {
        "message_id": message.message_id,
        "generation": message.generation,
        "key": message.event.subject,
        "storeview": message.event.storeview,
        "attempt": outcome.attempt,
        "state": outcome.state,
    }
    if outcome.state != "delivered":
        detail["reason"] = storable(outcome.reason, longest=_SHORT_TEXT)
        detail["error_class"] = error_class_of(outcome.verdict)
    if key_of(message) not in written:
        # The claim had gone to another worker: the request was made, its outcome did not count.
        detail["fenced"] = True
    return detail


def _digest(lease: RunLease, request: FinishedRequest) -> UUID:
    digest = hashlib.blake2b(lease.run_id.bytes, digest_size=16)
    if request.exchange is not None:
        digest.update(request.exchange.request_id.encode())
    for outcome in request.outcomes:
        digest.update(outcome.message.message_id.bytes)
        digest.update(b"%d %d %s" % (outcome.message.generation, outcome.attempt, outcome.state.encode()))
    return UUID(bytes=digest.digest())


def name_of(verdict: Verdict | None) -> str:
    """Name the outcome of an attempt."""
    return "unknown" if verdict is None else type(verdict).__name__.lower()


def error_class_of(verdict: Verdict | None) -> str | None:
    """Tell the class of a verdict that is an error."""
    return verdict.error_class if isinstance(verdict, Refused | Unreachable | Undetermined) else None


def error_of(verdict: Verdict | None) -> str:
    """Tell why the attempt did not deliver; empty when it did."""
    match verdict:
        case None:
            return LOST_ATTEMPT
        case Delivered():
            return ""
        case Skipped(reason=reason):
            return storable(reason)
        case Refused(text=words) | Unreachable(text=words) | Undetermined(text=words):
            return storable(words)


def status_of(verdict: Verdict | None, exchange: Exchange | None) -> int | None:
    """Tell the HTTP status of the answer, if one came."""
    if isinstance(verdict, Refused | Unreachable | Undetermined) and verdict.status is not None:
        return verdict.status
    return None if exchange is None else exchange.status
