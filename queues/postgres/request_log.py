"""The log of requests: one row each, with the outcome of every record."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.ports import FinishedRequest, Outcome, RunLease
from queues.postgres.columns import MessageKey, key_of
from queues.postgres.log_entries import LogEntry
from queues.postgres.outcomes import Settlement
from queues.postgres.texts import as_rows, storable
from queues.postgres.verdict_words import error_class_of

_SHORT_TEXT: Final = 300
"""Characters of an error in the details of a log row; the whole of it stands in `attempts`."""

_LOG = text("""
    insert into sync_log (at, id, queue, mode, request, request_id, status, duration_ms, records, delivered, skipped,
                          retried, failed, superseded, coalesced, excerpt, details, action, level, keys, run_id,
                          settings_version)
    select coalesce(at, now()), id, cast(:queue as text), mode, request, request_id, status, duration_ms, records,
           delivered, coalesce(skipped, 0), coalesce(retried, 0), coalesce(failed, 0), coalesce(superseded, 0),
           coalesce(coalesced, 0), excerpt, cast(details as jsonb), action, level, keys,
           cast(:run as uuid), cast(:settings_version as int)
    from json_to_recordset(cast(cast(:rows as text) as json))
        as given (at timestamptz, id uuid, mode text, request text, request_id text, status int, duration_ms float8,
                  records int, delivered int, skipped int, retried int, failed int, superseded int, coalesced int,
                  excerpt text, details json, action text, level text, keys text[])
    on conflict do nothing
""")


async def write_log(
    connection: AsyncConnection,
    settlement: Settlement,
    entries: Sequence[LogEntry],
    written: Collection[MessageKey],
) -> None:
    """Write one log row per entry; a request that reached no target is only told if it changed something."""
    rows = [
        entry
        for entry in entries
        if entry.request.exchange is not None or any(key_of(each.message) in written for each in entry.request.outcomes)
    ]
    if rows:
        values = {
            "queue": settlement.lease.queue,
            "run": settlement.lease.run_id,
            "settings_version": settlement.settings_version,
            "rows": as_rows([_row(settlement.lease, entry, written) for entry in rows]),
        }
        await connection.execute(_LOG, values)


def _row(lease: RunLease, entry: LogEntry, written: Collection[MessageKey]) -> dict[str, Any]:
    request, exchange = entry.request, entry.request.exchange
    states = [outcome.state for outcome in request.outcomes]
    row: dict[str, Any] = {
        "id": _digest(lease, request),
        "mode": request.mode,
        "request": "",
        "request_id": "",
        "excerpt": "",
        "records": len(states),
        "delivered": states.count("delivered"),
        "details": [_detail(outcome, written) for outcome in request.outcomes],
        "action": entry.action,
        "level": entry.level,
        "keys": list(dict.fromkeys(outcome.message.event.subject for outcome in request.outcomes)),
    }
    if row["delivered"] < len(states):
        row |= {
            "skipped": states.count("skipped"),
            "retried": states.count("waiting"),
            "failed": states.count("failed"),
            "superseded": states.count("superseded"),
            "coalesced": states.count("coalesced"),
        }
    if exchange is not None:
        row |= {
            "at": exchange.started_at,
            "request": storable(exchange.request),
            "request_id": storable(exchange.request_id),
            "status": exchange.status,
            "duration_ms": exchange.duration_ms,
            "records": exchange.records,
            "excerpt": storable(exchange.answer),
        }
    return row


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
