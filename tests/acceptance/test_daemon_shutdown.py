"""Daemons that are stopped and started under load, that freeze, and that their own messages kill."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from queues.message import ChangeEvent
from queues.settings import QueueProcessingSettings
from tests.acceptance.lives import RETRY_COUNT, SETTINGS, frozen_at, life, run_to_quiet, whole_life
from tests.acceptance.reconciliation import Account, reconcile
from tests.acceptance.site import PRICING, PRODUCT_STATUS, Site, changes
from tests.acceptance.store import PRICES, PRODUCTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = 4
A_ROUND = 60


async def account_of(site: Site, events: Sequence[ChangeEvent]) -> Account:
    is_price = events[0].type == PRICING
    requests = await site.store.requests(PRICES if is_price else PRODUCTS, method="" if is_price else "PUT")
    skus = {event.subject for event in events}
    return await reconcile(site, events, [each for each in requests if skus & set(each.skus)])


async def test_a_rolling_restart_under_load_loses_and_doubles_nothing(own_site: Site) -> None:
    await own_site.put_settings(
        QueueProcessingSettings(retry_count=1, batch_count=4, check_process_time=5, process_sleep_time=1)
    )
    prices: list[ChangeEvent] = []
    statuses: list[ChangeEvent] = []
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(whole_life(own_site)) for _ in range(2)]
        await own_site.store.fault("slow", seconds=0.02)
        for _ in range(ROUNDS):
            since = await own_site.store.mark()
            prices += await own_site.publish(changes(PRICING, own_site.skus(A_ROUND)))
            statuses += await own_site.publish(changes(PRODUCT_STATUS, own_site.skus(A_ROUND)))
            await own_site.store.wait(5, since=since)

            running.append(await stack.enter_async_context(whole_life(own_site)))
            assert await running.pop(0).daemon.stop() == 0
        await own_site.store.mend()
        for each in running:
            assert await each.daemon.stop() == 0
    for kind in (PRICING, PRODUCT_STATUS):
        await run_to_quiet(own_site, kind)

    for events in (prices, statuses):
        account = await account_of(own_site, events)
        account.check(retry_count=1)
        assert set(map(tuple, account.outcomes.values())) == {("delivered",)}
        assert set(account.requests.values()) == {1}


async def test_a_frozen_daemon_is_replaced_and_writes_nothing_when_it_wakes(own_site: Site) -> None:
    await own_site.put_settings(SETTINGS["single"])
    (sku,) = own_site.skus(1)
    await own_site.store.reject(sku)
    async with whole_life(own_site) as connector:
        # Refused once, it waits in the ledger: a successor need not wait until the broker misses the frozen one.
        events = await own_site.publish(changes(PRICING, [sku]))
        await own_site.store.wait(1, PRICES)
        assert await connector.daemon.stop() == 0
    await own_site.store.accept(sku)

    async with life(own_site, traps=f"request.answered[{sku}]=freeze") as frozen:
        await frozen_at(frozen, "request.answered")
        await run_to_quiet(own_site, PRICING)
        taken = await own_site.rows("select state, attempts, owner, settled_at from ledger")
        frozen.send(signal.SIGCONT)
        assert await frozen.stop() == 0

    assert await own_site.rows("select state, attempts, owner, settled_at from ledger") == taken
    account = await account_of(own_site, events)
    account.check(retry_count=RETRY_COUNT)
    assert account.outcomes == {sku: ["refused", "unknown", "delivered"]}
    (last, fenced) = await own_site.rows(
        "select details -> 0 -> 'fenced' as fenced from sync_log where delivered = 1 order by details -> 0 -> 'fenced'"
    )
    assert (last["fenced"], fenced["fenced"]) in {("true", None), (None, "true")}


async def test_a_message_that_kills_the_process_fails_by_itself_and_the_others_get_through(own_site: Site) -> None:
    await own_site.put_settings(SETTINGS["batch"])
    async with whole_life(own_site) as connector:
        assert await connector.daemon.stop() == 0
    prices = await own_site.publish(changes(PRICING, own_site.skus(16)))
    statuses = await own_site.publish(changes(PRODUCT_STATUS, own_site.skus(16)))
    killer = prices[5].subject

    deaths = 0
    while await dies(own_site, killer):
        deaths += 1
    for kind in (PRICING, PRODUCT_STATUS):
        await run_to_quiet(own_site, kind)

    assert deaths == RETRY_COUNT
    letters = await own_site.rows("select key, state, reason, attempts from dead_letters")
    assert letters == [{"key": killer, "state": "failed", "reason": "outcome_unknown", "attempts": RETRY_COUNT}]
    for events in (prices, statuses):
        account = await account_of(own_site, events)
        account.check(retry_count=RETRY_COUNT, delivered=False)
        outcomes = dict(account.outcomes)
        assert outcomes.pop(killer, ["unknown"] * RETRY_COUNT) == ["unknown"] * RETRY_COUNT
        assert {tuple(each) for each in outcomes.values()} <= {("delivered",), ("unknown", "delivered")}


async def dies(site: Site, killer: str) -> bool:
    """Have a daemon live until *killer* has ended it, or has come to its own end; tell which."""
    async with life(site, traps=f"request.begun[{killer}]=kill") as daemon:
        async with asyncio.timeout(60):
            while daemon.is_running:
                if await site.rows("select from dead_letters where key = $1", killer):
                    return await daemon.stop() != 0
                # Nobody announces the end of a message: it is asked for again.
                await asyncio.sleep(0.1)
    return True
