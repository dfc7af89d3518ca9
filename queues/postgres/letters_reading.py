"""Reading dead letters: pages by keyset, one with its whole story."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from queues.postgres.letters import (
    LETTER_COLUMNS,
    AttemptRecord,
    DeadLetterFilter,
    DeadLetterStory,
    Page,
    letter_of,
)

_WANTED = """
    (cast(:state as text) is null or state = cast(:state as text))
    and (cast(:queue as text) is null or queue = cast(:queue as text))
    and (cast(:key as text) is null or key = cast(:key as text))
    and (cast(:error_class as text) is null or error_class = cast(:error_class as text))
    and (cast(:since as timestamptz) is null or failed_at >= cast(:since as timestamptz))
    and (cast(:until as timestamptz) is null or failed_at < cast(:until as timestamptz))
    and (cast(:q as text) is null or strpos(lower(concat_ws(' ', key, event_id, error)), lower(cast(:q as text))) > 0)
"""

_PAGE = text(f"""
    select {LETTER_COLUMNS} from dead_letters
    where {_WANTED}
      and (cast(:before_id as bigint) is null
           or (failed_at, id) < (cast(:before as timestamptz), cast(:before_id as bigint)))
    order by failed_at desc, id desc limit :limit
""")  # noqa: S608 - put together from constants only

_IDS = text(f"""
    select id from dead_letters where {_WANTED} and state in ('failed', 'superseded') order by failed_at, id
""")  # noqa: S608 - put together from constants only

_ONE = text(f"select {LETTER_COLUMNS}, body, headers from dead_letters where id = :id")  # noqa: S608 - constants only

_ATTEMPTS = text("""
    select generation, number, at, duration_ms, outcome, error_class, error, status, request, request_id, records,
           excerpt, settings_version
    from attempts where message_id = :message_id order by generation, number
""")


async def read_page(connection: AsyncConnection, wanted: DeadLetterFilter, *, limit: int, cursor: str | None) -> Page:
    """
    Read *limit* dead letters after *cursor*, newest failure first.

    Raises:
        ValueError: the cursor is none of ours.
    """
    before, before_id = (None, None) if cursor is None else _read_cursor(cursor)
    values = {**_values(wanted), "before": before, "before_id": before_id, "limit": limit + 1}
    letters = [letter_of(row) for row in await connection.execute(_PAGE, values)]
    items = letters[:limit]
    more = len(letters) > limit
    return Page(items=items, next_cursor=_cursor(items[-1].failed_at, items[-1].id) if more else None)


async def ids_matching(connection: AsyncConnection, wanted: DeadLetterFilter) -> Sequence[int]:
    """Read the ids of all that match and may be reprocessed, oldest failure first."""
    return list((await connection.execute(_IDS, _values(wanted))).scalars())


async def read_story(connection: AsyncConnection, letter_id: int) -> DeadLetterStory | None:
    """Read one dead letter with its bytes and attempts; None if there is none."""
    row = (await connection.execute(_ONE, {"id": letter_id})).one_or_none()
    if row is None:
        return None
    attempts = await connection.execute(_ATTEMPTS, {"message_id": row.message_id})
    return DeadLetterStory(
        letter=letter_of(row),
        body=row.body,
        headers=row.headers,
        attempts=[
            AttemptRecord(
                generation=each.generation,
                number=each.number,
                at=each.at,
                duration_ms=each.duration_ms,
                outcome=each.outcome,
                error_class=each.error_class,
                error=each.error,
                status=each.status,
                request=each.request,
                request_id=each.request_id,
                records=each.records,
                excerpt=each.excerpt,
                settings_version=each.settings_version,
            )
            for each in attempts
        ],
    )


def _values(wanted: DeadLetterFilter) -> dict[str, Any]:
    return {
        "state": wanted.state,
        "queue": wanted.queue,
        "key": wanted.key,
        "error_class": wanted.error_class,
        "since": wanted.since,
        "until": wanted.until,
        # Nothing that is stored can hold a NUL, so a search for one finds nothing instead of failing.
        "q": None if wanted.q is None else wanted.q.replace("\x00", "\N{REPLACEMENT CHARACTER}"),
    }


def _cursor(failed_at: datetime, letter_id: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((failed_at, letter_id))).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        document = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        before, before_id = msgspec.json.decode(document, type=tuple[datetime, int])
    except (binascii.Error, ValueError) as error:
        # msgspec's errors are ValueErrors as well.
        raise ValueError("the cursor must be the next_cursor of the page before") from error
    if before.tzinfo is None or not 0 <= before_id < 2**63:
        raise ValueError("the cursor must be the next_cursor of the page before")
    return before, before_id
