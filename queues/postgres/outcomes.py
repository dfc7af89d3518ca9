"""Outcomes of attempts: the ledger rows they end and the attempts they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.definition import QueueDefinition
from queues.ports import FinishedRequest, Outcome, RunLease
from queues.postgres.columns import IDENTITIES, LOST_ATTEMPT, OUTCOME_UNKNOWN, identity_rows, key_of
from queues.postgres.texts import as_rows, headers_to_json, storable
from queues.postgres.verdict_words import error_class_of, error_of, name_of, status_of
from queues.verdicts import Delivered

_END_TRIED = text("""
    -- What is left out is null: these were simply delivered.
    with given as materialized (
        select * from rows from (json_to_recordset(cast(cast(:rows as text) as json))
            as (message_id uuid, generation int, state text, reason text, body text, headers text, number int,
                at timestamptz, duration_ms float8, outcome text, error_class text, error text, status int,
                request text, request_id text, records int, excerpt text))
        with ordinality as given (message_id, generation, state, reason, body, headers, number, at, duration_ms,
                                  outcome, error_class, error, status, request, request_id, records, excerpt, place)
    ),
    mine as (
        update ledger l
        set state = coalesce(given.state, 'delivered'), reason = coalesce(given.reason, ''), owner = null,
            lease_until = null,
            body = case when given.state = 'waiting' then coalesce(l.body, decode(given.body, 'base64')) end,
            headers = case when given.state = 'waiting' then coalesce(l.headers, cast(given.headers as jsonb)) end,
            settled_at = case when given.state = 'waiting' then null else now() end
        from given
        -- Written so that the row is found by its primary key, never by the index of what is being tried: that one
        -- holds an entry for every message tried since the last vacuum.
        where l.message_id = given.message_id and l.generation = given.generation
          and l.state || '' = 'trying' and l.owner = cast(:run as uuid) and l.attempts = given.number
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
    select coalesce(array_agg(place order by place), '{}') from mine
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
    -- The row as it was before.
    select ended.message_id, ended.generation, ended.attempts,
           coalesce(l.state = 'trying' or {OUTCOME_UNKNOWN}, false) as outcome_unknown
    from ended left join ledger l using (message_id, generation)
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
    """
    An outcome that was written: the row was ours.

    Attributes:
        attempts: made in all.
        outcome_unknown: no attempt was made now, and a worker died in the last one.
    """

    outcome: Outcome
    attempts: int
    outcome_unknown: bool


async def write_outcomes(connection: AsyncConnection, settlement: Settlement) -> list[Ending]:
    """Write outcomes and attempts; answer those whose rows were ours."""
    # Sorted as every other statement locks: two that meet wait for each other instead of deadlocking.
    pairs = sorted(settlement.outcomes(), key=_lock_order)
    tried = [pair for pair in pairs if pair[1].attempt > 0]
    untried = [outcome for _, outcome in pairs if outcome.attempt == 0]
    endings: list[Ending] = []
    if tried:
        values = {
            "run": settlement.lease.run_id,
            "settings_version": settlement.settings_version,
            "rows": as_rows([_tried_row(request, outcome) for request, outcome in tried]),
        }
        places: list[int] = (await connection.execute(_END_TRIED, values)).scalar_one()
        mine = [tried[place - 1][1] for place in places]
        endings += [Ending(outcome=outcome, attempts=outcome.attempt, outcome_unknown=False) for outcome in mine]
    if untried:
        endings += await _end_untried(connection, settlement, untried)
    return endings


async def _end_untried(
    connection: AsyncConnection, settlement: Settlement, outcomes: Sequence[Outcome]
) -> list[Ending]:
    answer = await connection.execute(
        _END_UNTRIED,
        {
            **identity_rows([outcome.message for outcome in outcomes]),
            "message_id": [outcome.message.message_id for outcome in outcomes],
            "generation": [outcome.message.generation for outcome in outcomes],
            "state": [outcome.state for outcome in outcomes],
            "reason": [storable(outcome.reason) for outcome in outcomes],
            "queue": settlement.lease.queue,
            "run": settlement.lease.run_id,
            "lost": LOST_ATTEMPT,
        },
    )
    rows = {(row.message_id, row.generation): row for row in answer}
    return [
        Ending(outcome=outcome, attempts=row.attempts, outcome_unknown=row.outcome_unknown)
        for outcome in outcomes
        if (row := rows.get(key_of(outcome.message))) is not None
    ]


def _lock_order(pair: tuple[FinishedRequest, Outcome]) -> tuple[int, int]:
    message = pair[1].message
    return message.message_id.int, message.generation


def _tried_row(request: FinishedRequest, outcome: Outcome) -> dict[str, Any]:
    verdict, message = outcome.verdict, outcome.message
    exchange = (None if verdict is None else verdict.exchange) or request.exchange
    row: dict[str, Any] = {
        "message_id": message.message_id,
        "generation": message.generation,
        "number": outcome.attempt,
        "status": status_of(verdict, exchange),
        "request": "",
        "request_id": "",
        "excerpt": "",
    }
    if exchange is not None:
        row |= {
            "at": exchange.started_at,
            "duration_ms": exchange.duration_ms,
            "request": storable(exchange.request),
            "request_id": storable(exchange.request_id),
            "records": exchange.records,
            "excerpt": storable(exchange.answer),
        }
    if outcome.state != "delivered" or not isinstance(verdict, Delivered):
        row |= {
            "state": outcome.state,
            "reason": storable(outcome.reason),
            "outcome": name_of(verdict),
            "error_class": error_class_of(verdict),
            "error": error_of(verdict),
        }
    if outcome.state == "waiting":
        row |= {"body": message.body, "headers": headers_to_json(message.headers)}
    return row
