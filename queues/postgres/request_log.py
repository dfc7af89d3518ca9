"""The log of requests: one row each, with the outcome of every record."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.ports import FinishedRequest, Outcome, RunLease
from queues.postgres.columns import MessageKey, key_of
from queues.postgres.outcomes import Settlement
from queues.postgres.texts import storable, to_json
from queues.postgres.verdict_words import NO_EXCHANGE, error_class_of

_SHORT_TEXT: Final = 300
"""Characters of an error in the details of a log row; the whole of it stands in `attempts`."""

_LOG = text("""
    insert into sync_log (at, id, queue, mode, request, request_id, status, duration_ms, records, delivered, skipped,
                          retried, failed, superseded, coalesced, excerpt, details, run_id, settings_version)
    select coalesce(at, now()), id, cast(:queue as text), mode, request, request_id, status, duration_ms, records,
           delivered, coalesce(skipped, 0), coalesce(retried, 0), coalesce(failed, 0), coalesce(superseded, 0),
           coalesce(coalesced, 0), excerpt, cast(details as jsonb),
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


async def write_log(connection: AsyncConnection, settlement: Settlement, written: Collection[MessageKey]) -> None:
    """Write one log row per request; one that reached no target is only told if it changed something."""
    rows = [
        request
        for request in settlement.requests
        if request.exchange is not None or any(key_of(each.message) in written for each in request.outcomes)
    ]
    if rows:
        await connection.execute(_LOG, _log_columns(settlement, rows, written))


def _log_columns(
    settlement: Settlement, requests: Sequence[FinishedRequest], written: Collection[MessageKey]
) -> dict[str, Any]:
    # What delivered everything comes last: it needs no value in the columns that count the rest.
    ordered = sorted(requests, key=_all_delivered)
    exchanges = [request.exchange for request in ordered]
    told = [exchange or NO_EXCHANGE for exchange in exchanges]
    mixed = [[outcome.state for outcome in request.outcomes] for request in ordered if not _all_delivered(request)]
    return {
        "queue": settlement.lease.queue,
        "run": settlement.lease.run_id,
        "settings_version": settlement.settings_version,
        "at": [None if exchange is None else exchange.started_at for exchange in exchanges],
        "id": [_digest(settlement.lease, request) for request in ordered],
        "mode": [request.mode for request in ordered],
        "request": [storable(exchange.request) for exchange in told],
        "request_id": [storable(exchange.request_id) for exchange in told],
        "status": [exchange.status for exchange in told],
        "duration_ms": [None if exchange is None else exchange.duration_ms for exchange in exchanges],
        "records": [
            len(request.outcomes) if request.exchange is None else request.exchange.records for request in ordered
        ],
        "delivered": [sum(outcome.state == "delivered" for outcome in request.outcomes) for request in ordered],
        "skipped": [states.count("skipped") for states in mixed],
        "retried": [states.count("waiting") for states in mixed],
        "failed": [states.count("failed") for states in mixed],
        "superseded": [states.count("superseded") for states in mixed],
        "coalesced": [states.count("coalesced") for states in mixed],
        "excerpt": [storable(exchange.answer) for exchange in told],
        "details": [to_json([_detail(outcome, written) for outcome in request.outcomes]) for request in ordered],
    }


def _all_delivered(request: FinishedRequest) -> bool:
    return all(outcome.state == "delivered" for outcome in request.outcomes)


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
        digest.update(request.exchange.request_id.encode("utf-8", "replace"))
    for outcome in request.outcomes:
        digest.update(outcome.message.message_id.bytes)
        digest.update(b"%d %d %s" % (outcome.message.generation, outcome.attempt, outcome.state.encode()))
    return UUID(bytes=digest.digest())
