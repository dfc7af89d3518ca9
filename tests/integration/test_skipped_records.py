"""Records that were passed over, on PostgreSQL: at the look and when they were to be sent, in one list."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from queues.postgres.engine import open_engine
from queues.postgres.skipped_records import PassedOver, PostgresSkippedRecords, SkippedFilter
from queues.postgres.texts import to_json

QUEUE, OTHER = "main.to_magento.product", "main.to_magento.pricing"


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database)
    yield engine
    await engine.dispose()


async def a_request(engine: AsyncEngine, **outcomes: str) -> None:
    """Write a row as the settling of a request does; outcomes by key, `skipped` with a reason."""
    details = [
        {"key": key, "storeview": "de", "state": state, "reason": f"{state}: so it is"}
        for key, state in outcomes.items()
    ]
    async with engine.begin() as connection:
        await connection.execute(
            text("""
                insert into sync_log (at, id, queue, mode, records, delivered, skipped, retried, failed, details)
                values (now(), :id, :queue, 'batch', 2, 1, :skipped, 0, 0, cast(:details as jsonb))
            """),
            {
                "id": uuid4(),
                "queue": QUEUE,
                "skipped": list(outcomes.values()).count("skipped"),
                "details": to_json(details),
            },
        )


async def test_both_kinds_are_listed_newest_first_and_delivered_ones_are_not(engine: AsyncEngine) -> None:
    skipped = PostgresSkippedRecords(engine)
    await a_request(engine, SENT="skipped", FINE="delivered")
    await skipped.write(QUEUE, [PassedOver(key="LOOK", reason="item_not_active: it sleeps", origin="push")])

    page = await skipped.list(SkippedFilter())

    assert [(each.key, each.stage, each.origin, each.storeview) for each in page.items] == [
        ("LOOK", "look", "push", None),
        ("SENT", "send", None, "de"),
    ]
    assert page.items[0].reason == "item_not_active: it sleeps"


async def test_every_filter_asks_for_its_own(engine: AsyncEngine) -> None:
    skipped = PostgresSkippedRecords(engine)
    await skipped.write(QUEUE, [PassedOver(key=k, reason="item_not_active: x", origin="push") for k in ("A", "B")])
    await skipped.write(OTHER, [PassedOver(key="A", reason="price_missing: y", origin="file")])
    now = datetime.now(UTC)

    async def keys(wanted: SkippedFilter) -> list[tuple[str, str]]:
        return sorted((each.queue, each.key) for each in (await skipped.list(wanted)).items)

    assert await keys(SkippedFilter(queue=OTHER)) == [(OTHER, "A")]
    assert await keys(SkippedFilter(key="A")) == [(OTHER, "A"), (QUEUE, "A")]
    assert await keys(SkippedFilter(reason="item_not_active")) == [(QUEUE, "A"), (QUEUE, "B")]
    assert await keys(SkippedFilter(reason="item")) == []
    assert await keys(SkippedFilter(until=now - timedelta(hours=1))) == []
    assert len(await keys(SkippedFilter(since=now - timedelta(hours=1)))) == 3


async def test_pages_hold_every_record_once(engine: AsyncEngine) -> None:
    skipped = PostgresSkippedRecords(engine)
    for group in range(3):
        await skipped.write(
            QUEUE, [PassedOver(key=f"{group}-{number}", reason="rule: z", origin="push") for number in range(4)]
        )

    found, cursor = [], None
    while True:
        page = await skipped.list(SkippedFilter(), limit=5, cursor=cursor)
        found += [each.key for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert found == [f"{group}-{number}" for group in (2, 1, 0) for number in range(4)]


async def test_a_cursor_of_something_else_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(ValueError, match="next_cursor"):
        await PostgresSkippedRecords(engine).list(SkippedFilter(), cursor="bm9uZQ")
