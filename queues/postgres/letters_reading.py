"""Reading dead letters: pages by keyset, one with its whole story."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Final

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
from queues.postgres.letters_filtering import conditions, plan_for, values
from queues.postgres.tables.dead_letters import SEARCH_INDEX

Keyset = tuple[datetime, int]
"""How far a reading in the order of failures has come: time of the failure, and id."""

_OPEN: Final = "state in ('failed', 'superseded')"

_COUNT_OF = text(f"select count(*) from dead_letters where id = any(cast(:ids as bigint[])) and {_OPEN}")  # noqa: S608 - constants only

_STATES = text("select id, state from dead_letters where id = any(cast(:ids as bigint[]))")

_IS_SEARCHED_BY_INDEX = text(f"select indisvalid from pg_index where indexrelid = to_regclass('{SEARCH_INDEX}')")  # noqa: S608 - constants only

_ONE = text(f"select {LETTER_COLUMNS}, body, headers, erased_at from dead_letters where id = :id")  # noqa: S608 - constants only

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
    before = None if cursor is None else _read_cursor(cursor)
    where = conditions(wanted, *([] if before is None else ["(failed_at, id) < (:before, :before_id)"]))
    statement = text(
        f"select {LETTER_COLUMNS} from dead_letters where {where} order by failed_at desc, id desc limit :limit"  # noqa: S608 - put together from constants only
    )
    given = {**values(wanted), "limit": limit + 1}
    if before is not None:
        given |= {"before": before[0], "before_id": before[1]}
    await plan_for(connection, wanted)
    letters = [letter_of(row) for row in await connection.execute(statement, given)]
    items = letters[:limit]
    more = len(letters) > limit
    return Page(items=items, next_cursor=_cursor(items[-1].failed_at, items[-1].id) if more else None)


async def count_open(
    connection: AsyncConnection, wanted: DeadLetterFilter, *, most: int
) -> tuple[int, datetime | None]:
    """Count those that match and may be acted upon, up to *most* of the oldest failures, and tell the latest one."""
    statement = text(f"""
        select count(*) as letters, max(failed_at) as latest from (
            select failed_at from dead_letters where {conditions(wanted, _OPEN)} order by failed_at, id limit :most
        ) as found
    """)  # noqa: S608 - put together from constants only
    await plan_for(connection, wanted)
    row = (await connection.execute(statement, {**values(wanted), "most": most})).one()
    return row.letters, row.latest


async def count_open_of(connection: AsyncConnection, ids: Sequence[int]) -> int:
    """Count those of *ids* that may be acted upon."""
    return int((await connection.execute(_COUNT_OF, {"ids": list(ids)})).scalar_one())


async def next_open(
    connection: AsyncConnection,
    wanted: DeadLetterFilter,
    *,
    after: Keyset | None,
    failed_by: datetime | None,
    limit: int,
) -> tuple[Sequence[int], Keyset | None]:
    """
    Read the ids of those that match and may be acted upon, oldest failure first, and how far they reach.

    Args:
        connection: in whose transaction they are acted upon.
        wanted: the filter.
        after: how far the chunk before reached; None for the first.
        failed_by: later failures are left out.
        limit: at most so many.
    """
    given = {**values(wanted), "failed_by": failed_by, "limit": limit}
    further = [_OPEN, "failed_at <= :failed_by"]
    if after is not None:
        given |= {"after": after[0], "after_id": after[1]}
        further.append("(failed_at, id) > (:after, :after_id)")
    statement = text(
        f"select id, failed_at from dead_letters where {conditions(wanted, *further)} "  # noqa: S608 - put together from constants only
        "order by failed_at, id limit :limit"
    )
    await plan_for(connection, wanted)
    rows = (await connection.execute(statement, given)).all()
    return [row.id for row in rows], (rows[-1].failed_at, rows[-1].id) if rows else after


async def is_searched_by_index(connection: AsyncConnection) -> bool:
    """Tell whether there is an index of the searched text, whole."""
    return bool((await connection.execute(_IS_SEARCHED_BY_INDEX)).scalar())


async def states_of(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, str]:
    """Read the state of each of *ids* that there is."""
    return {row.id: row.state for row in await connection.execute(_STATES, {"ids": list(ids)})}


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
        erased_at=row.erased_at,
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
