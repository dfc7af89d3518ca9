"""
Records that were passed over, with the reason: at the look in the source, or when they were to be sent.

Both stand in the log of requests, as outcomes `skipped`; what was passed over at the look is a row without a request.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact
from queues.postgres.texts import storable, to_json

SkippedAt = Literal["look", "send"]

_LOOK: Final = "look"

_WRITE = text("""
    insert into sync_log (at, id, queue, mode, records, delivered, skipped, retried, failed, details, action, level,
                          keys)
    values (clock_timestamp(), :id, :queue, 'none', :records, 0, :records, 0, 0, cast(:details as jsonb), '',
            'warning', cast(:keys as text[]))
""")

_LIST = text("""
    select l.at, l.id, o.place, l.queue, o.outcome ->> 'key' as key, o.outcome ->> 'storeview' as storeview,
           o.outcome ->> 'reason' as reason, o.outcome ->> 'origin' as origin,
           coalesce(o.outcome ->> 'stage', 'send') as stage
    from sync_log l, jsonb_array_elements(l.details) with ordinality as o (outcome, place)
    where l.skipped > 0 and o.outcome ->> 'state' = 'skipped'
      and (cast(:queue as text) is null or l.queue = cast(:queue as text))
      and (cast(:since as timestamptz) is null or l.at >= cast(:since as timestamptz))
      and (cast(:until as timestamptz) is null or l.at < cast(:until as timestamptz))
      and (cast(:key as text) is null
           or (l.keys @> array[cast(:key as text)] and o.outcome ->> 'key' = cast(:key as text)))
      and (cast(:reason as text) is null
           or split_part(o.outcome ->> 'reason', ':', 1) = cast(:reason as text))
      and (cast(:before as timestamptz) is null
           or (l.at, l.id, -o.place) < (cast(:before as timestamptz), cast(:before_id as uuid),
                                        -cast(:before_place as bigint)))
    order by l.at desc, l.id desc, o.place limit :limit
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """
    A record of which no event was made.

    Attributes:
        origin: who said that it changed: push, catch_up, manual, file.
        reason: for people; what stands before its first colon is for programs.
    """

    key: str
    reason: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRecord:
    """
    One record that was passed over.

    Attributes:
        stage: `look`: no event was made of it; `send`: its message was acknowledged without a request.
        origin: of a look: who said that it changed.
    """

    at: datetime
    queue: str
    key: str
    storeview: str | None
    stage: SkippedAt
    reason: str
    origin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedPage:
    """Records, newest first, and where the next page begins; None after the last."""

    items: Sequence[SkippedRecord]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedFilter:
    """
    Which are wanted; what is None does not matter.

    Attributes:
        queue: by its full name.
        reason: the word before the colon: `item_not_active`.
        since: then or later.
        until: before then.
    """

    queue: str | None = None
    key: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class PostgresSkippedRecords:
    """
    What was passed over.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(self, queue: str, records: Sequence[PassedOver]) -> None:
        """Write down that no event was made of *records*; they would have gone into *queue*."""
        if not records:
            return
        details: list[dict[str, Any]] = [
            {
                "message_id": None,
                "generation": 0,
                "key": storable(each.key),
                "storeview": None,
                "attempt": 0,
                "state": "skipped",
                "reason": storable(each.reason),
                "error_class": "",
                "stage": _LOOK,
                "origin": each.origin,
            }
            for each in records
        ]
        values = {
            "id": uuid4(),
            "queue": queue,
            "records": len(details),
            "details": to_json(details),
            "keys": list(dict.fromkeys(each["key"] for each in details)),
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_WRITE, values)

        await transact(self._engine, work)

    async def list(self, wanted: SkippedFilter, *, limit: int = 50, cursor: str | None = None) -> SkippedPage:
        """
        Read one page, newest first.

        Raises:
            ValueError: the cursor was not made by this method.
        """
        values = {
            "queue": wanted.queue,
            "key": None if wanted.key is None else storable(wanted.key),
            "reason": None if wanted.reason is None else storable(wanted.reason),
            "since": wanted.since,
            "until": wanted.until,
            "limit": limit + 1,
            **_position(cursor),
        }

        async def work(connection: AsyncConnection) -> SkippedPage:
            rows = (await connection.execute(_LIST, values)).all()
            more = _cursor(rows[limit - 1]) if len(rows) > limit else None
            return SkippedPage(items=[_record(row) for row in rows[:limit]], next_cursor=more)

        return await transact(self._engine, work)


def _record(row: Row[Any]) -> SkippedRecord:
    return SkippedRecord(
        at=row.at,
        queue=row.queue,
        key=row.key,
        storeview=row.storeview,
        stage=row.stage,
        reason=row.reason,
        origin=row.origin,
    )


def _cursor(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((row.at, row.id, row.place))).decode().rstrip("=")


def _position(cursor: str | None) -> dict[str, object]:
    if cursor is None:
        return {"before": None, "before_id": None, "before_place": None}
    try:
        document = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        before, before_id, place = msgspec.json.decode(document, type=tuple[datetime, UUID, int])
    except (binascii.Error, ValueError) as error:
        raise ValueError("the cursor must be the next_cursor of the page before") from error
    if before.tzinfo is None or not 0 < place < 2**31:
        raise ValueError("the cursor must be the next_cursor of the page before")
    return {"before": before, "before_id": before_id, "before_place": place}
