"""Reading back what was written down: runs, requests, acts on one thing, dead letters counted."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.audit import AUDIT_COLUMNS, DONE, AuditEntry, read_entry
from queues.postgres.engine import transact
from queues.postgres.queues import RunRecord
from queues.postgres.texts import storable

_RUNS = text("""
    select id, queue, worker, tick, started_at, ended_at, ended_by, skipped_ticks, requests, delivered, skipped,
           retried, failed, checks
    from runs
    where (cast(:queue as text) is null or queue = cast(:queue as text))
      and (cast(:before as timestamptz) is null
           or (started_at, id) < (cast(:before as timestamptz), cast(:before_id as uuid)))
    order by started_at desc, id desc limit :limit
""")

_REQUESTS: Final = """
    select at, id, queue, mode, request, request_id, status, duration_ms, records, delivered, skipped, retried, failed,
           superseded, coalesced, excerpt, run_id, settings_version, details, action, level
    from sync_log where true{conditions}
    order by at desc, id desc limit :limit
"""

_CONDITIONS: Final[Mapping[str, str]] = {
    "queue": "queue = :queue",
    "queues": "queue = any(cast(:queues as text[]))",
    "action": "action = :action",
    "level": "level = :level",
    "mode": "mode = :mode",
    "key": "keys @> array[cast(:key as text)]",
    "since": "at >= :since",
    "until": "at < :until",
    "before": "(at, id) < (cast(:before as timestamptz), cast(:before_id as uuid))",
}
"""What each filter asks of a row; only those that were given are in the statement, so that their index serves it."""

_ACTS = text(f"""
    select {AUDIT_COLUMNS} from audit_log
    where target = :target and starts_with(action, cast(:kind as text) || '.') and result = '{DONE}'
    order by id limit 1000
""")  # noqa: S608 - put together from constants only

_COUNTS = text("select state, count(*) as letters from dead_letters group by state")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRun:
    """One run and the queue it was of."""

    queue: str
    run: RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Runs, newest first, and where the next page begins; None after the last."""

    items: Sequence[LoggedRun]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """
    One request to a target.

    Attributes:
        mode: `single`, `batch`, or `none` where no request was made.
        details: an object per record: what became of it.
        action: what it did, in the operators' words; empty where they have none for it.
        level: `debug`, `info`, `warning`, `error`.
    """

    at: datetime
    id: UUID
    queue: str
    mode: str
    request: str
    request_id: str
    status: int | None
    duration_ms: float | None
    records: int
    delivered: int
    skipped: int
    retried: int
    failed: int
    superseded: int
    coalesced: int
    excerpt: str
    run_id: UUID | None
    settings_version: int
    details: Sequence[Mapping[str, Any]]
    action: str = ""
    level: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """
    Which requests are wanted; what is None does not matter.

    Attributes:
        queues: of any of these.
        key: with this record in it.
        since: then or later.
        until: before then.
    """

    queue: str | None = None
    queues: Sequence[str] | None = None
    action: str | None = None
    level: str | None = None
    mode: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPage:
    """Requests, newest first, and where the next page begins; None after the last."""

    items: Sequence[LoggedRequest]
    next_cursor: str | None


class PostgresJournal:
    """
    What was done, for people to read.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def runs(self, queue: str | None = None, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """
        Read the runs of *queue*, or of all queues.

        Raises:
            ValueError: the cursor was not made by this method.
        """
        rows = await self._read(_RUNS, {"queue": queue, "limit": limit + 1, **_position(cursor)})
        more = _cursor(rows[limit - 1].started_at, rows[limit - 1].id) if len(rows) > limit else None
        return RunPage(items=[LoggedRun(queue=row.queue, run=_run(row)) for row in rows[:limit]], next_cursor=more)

    async def requests(
        self, wanted: RequestFilter | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> RequestPage:
        """
        Read the requests made, newest first.

        Raises:
            ValueError: the cursor was not made by this method.
        """
        told = {} if wanted is None else {name: value for name, value in asdict(wanted).items() if value is not None}
        given = told | ({} if cursor is None else _position(cursor))
        conditions = "".join(f" and {text}" for name, text in _CONDITIONS.items() if name in given)
        values = {name: storable(value) if isinstance(value, str) else value for name, value in given.items()}
        statement = text(_REQUESTS.format(conditions=conditions))
        rows = await self._read(statement, {**values, "limit": limit + 1})
        more = _cursor(rows[limit - 1].at, rows[limit - 1].id) if len(rows) > limit else None
        return RequestPage(items=[_request(row) for row in rows[:limit]], next_cursor=more)

    async def acts(self, kind: str, target: str) -> Sequence[AuditEntry]:
        """Read what was done with *target*, oldest first: acts whose name begins with `<kind>.`; at most 1,000."""
        rows = await self._read(_ACTS, {"kind": kind, "target": target})
        return [read_entry(row) for row in rows]

    async def dead_letters_by_state(self) -> Mapping[str, int]:
        """Count the dead letters of each state."""
        return {row.state: row.letters for row in await self._read(_COUNTS, {})}

    async def _read(self, statement: TextClause, values: Mapping[str, object]) -> Sequence[Row[Any]]:
        async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
            return (await connection.execute(statement, values)).all()

        return await transact(self._engine, work)


def _run(row: Row[Any]) -> RunRecord:
    return RunRecord(
        run_id=row.id,
        tick=row.tick,
        started_at=row.started_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        worker=row.worker,
        skipped_ticks=row.skipped_ticks,
        requests=row.requests,
        delivered=row.delivered,
        skipped=row.skipped,
        retried=row.retried,
        failed=row.failed,
        checks=row.checks,
    )


def _request(row: Row[Any]) -> LoggedRequest:
    return LoggedRequest(
        at=row.at,
        id=row.id,
        queue=row.queue,
        mode=row.mode,
        request=row.request,
        request_id=row.request_id,
        status=row.status,
        duration_ms=row.duration_ms,
        records=row.records,
        delivered=row.delivered,
        skipped=row.skipped,
        retried=row.retried,
        failed=row.failed,
        superseded=row.superseded,
        coalesced=row.coalesced,
        excerpt=row.excerpt,
        run_id=row.run_id,
        settings_version=row.settings_version,
        details=row.details,
        action=row.action,
        level=row.level,
    )


def _cursor(at: datetime, row_id: UUID) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((at, row_id))).decode().rstrip("=")


def _position(cursor: str | None) -> dict[str, object]:
    if cursor is None:
        return {"before": None, "before_id": None}
    try:
        document = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        before, before_id = msgspec.json.decode(document, type=tuple[datetime, UUID])
    except (binascii.Error, ValueError) as error:
        raise ValueError("the cursor must be the next_cursor of the page before") from error
    if before.tzinfo is None:
        raise ValueError("the cursor must be the next_cursor of the page before")
    return {"before": before, "before_id": before_id}
