"""The keys to be looked at, on PostgreSQL: noted once, taken once, never lost to a note that comes meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from queues.postgres.changed_keys import ChangedKey, PostgresChangedKeys, PushIdentity
from queues.postgres.engine import open_engine

PRICING, PRODUCT = "to_magento.pricing", "to_magento.product"
PUSH = PushIdentity(company="Shop", query="SYNC-Prices", transaction_id="t-1", digest="d-1")


def change(key: str, event_type: str = PRICING, *, changed: tuple[str, ...] | None = None) -> ChangedKey:
    return ChangedKey(event_type=event_type, key=key, changed=changed)


@pytest.fixture
async def keys(database: str) -> AsyncIterator[PostgresChangedKeys]:
    engine = open_engine(database)
    yield PostgresChangedKeys(engine, delay=timedelta(0))
    await engine.dispose()


async def test_notes_of_one_record_become_one_look_at_the_newest(keys: PostgresChangedKeys) -> None:
    await keys.note([change("A", changed=("Price",)), change("A", changed=("Cost",))], origin="push")
    await keys.note([change("A", changed=("Price", "Tax"))], origin="push")

    (due,) = await keys.take(10)

    assert (due.key, due.revision, due.changed) == ("A", 2, ("Cost", "Price", "Tax"))


async def test_a_note_that_does_not_say_what_changed_may_mean_everything(keys: PostgresChangedKeys) -> None:
    await keys.note([change("A", changed=("Price",))], origin="push")
    await keys.note([change("A")], origin="catch_up")

    (due,) = await keys.take(10)

    assert due.changed is None


async def test_a_notification_that_comes_again_is_noted_once(keys: PostgresChangedKeys) -> None:
    first = await keys.note([change("A")], origin="push", push=PUSH)
    await keys.done(await keys.take(10))

    again = await keys.note([change("A")], origin="push", push=PUSH)

    assert (first, again) == (True, False)
    assert not await keys.take(10)


async def test_the_other_half_of_a_torn_notification_is_noted_too(keys: PostgresChangedKeys) -> None:
    half = PushIdentity(company="Shop", query="SYNC-Prices", transaction_id="t-1", digest="d-2")
    await keys.note([change("A")], origin="push", push=PUSH)

    assert await keys.note([change("B")], origin="push", push=half)
    assert [each.key for each in await keys.take(10)] == ["A", "B"]


async def test_a_first_note_waits_for_others_unless_it_is_wanted_at_once(database: str) -> None:
    engine = open_engine(database)
    keys = PostgresChangedKeys(engine, delay=timedelta(hours=1))

    await keys.note([change("A")], origin="push")
    await keys.note([change("B")], origin="manual", at_once=True)

    assert [each.key for each in await keys.take(10)] == ["B"]
    await engine.dispose()


async def test_a_key_is_taken_by_one_of_many(keys: PostgresChangedKeys) -> None:
    await keys.note([change(f"K{number}") for number in range(50)], origin="file")

    taken = await asyncio.gather(*(keys.take(20) for _ in range(5)))

    names = [each.key for group in taken for each in group]
    assert sorted(names) == sorted(f"K{number}" for number in range(50))


async def test_a_record_noted_while_it_is_looked_at_is_looked_at_again(keys: PostgresChangedKeys) -> None:
    await keys.note([change("A")], origin="push")
    taken = await keys.take(10)
    await keys.note([change("A")], origin="push")

    await keys.done(taken)

    (again,) = await keys.take(10)
    assert again.version > taken[0].version


async def test_a_look_that_failed_is_made_again_after_a_pause_and_is_seen_meanwhile(keys: PostgresChangedKeys) -> None:
    await keys.note([change("A"), change("B", PRODUCT)], origin="push")
    pricing = [each for each in await keys.take(10) if each.event_type == PRICING]

    await keys.failed(pricing, "Acumatica did not answer")

    assert not await keys.take(10)
    shown = {each.event_type: (each.waiting, each.failing, each.error) for each in await keys.waiting()}
    assert shown == {PRICING: (1, 1, "Acumatica did not answer"), PRODUCT: (1, 0, "")}


async def test_what_was_taken_and_forgotten_comes_back(database: str) -> None:
    engine = open_engine(database)
    keys = PostgresChangedKeys(engine, delay=timedelta(0), lease=timedelta(0))
    await keys.note([change("A")], origin="push")

    first, second = await keys.take(10), await keys.take(10)

    assert [each.key for each in (*first, *second)] == ["A", "A"]
    await engine.dispose()
