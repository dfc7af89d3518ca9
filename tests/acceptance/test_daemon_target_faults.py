"""What goes wrong at the store, through the whole process: what is attempted, what is charged, what arrives."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.doorman import running_doorman
from tests.acceptance.reconciliation import reconcile
from tests.acceptance.site import PRICING, PRODUCT_STATUS, Connector, Site, change, changes
from tests.acceptance.store import PRICES, PRODUCTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMEOUT = {"MAGENTO_TIMEOUT": "2", "MAGENTO_CONNECT_TIMEOUT": "1"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def connector(site: Site) -> AsyncIterator[Connector]:
    """Provide a daemon that waits two seconds for an answer of the store."""
    async with site.connector(**TIMEOUT) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def sound(site: Site) -> AsyncIterator[None]:
    """Leave the store as it was found."""
    yield
    await site.store.mend()


async def use(connector: Connector, **settings: object) -> None:
    """Put settings in force, with runs of one check unless they say otherwise."""
    await connector.api.put_settings(**{"check_process_time": 1, "process_sleep_time": 1, **settings})


async def story(connector: Connector, sku: str, *, state: str = "failed") -> dict[str, Any]:
    """Give the whole story of a record's dead letter."""
    letter = await connector.letter_of(sku, state=state)
    return dict(await connector.api.get(f"dead-letters/{letter['id']}"))


async def test_after_a_429_no_request_is_made_before_the_stated_time(connector: Connector) -> None:
    site = connector.site
    await use(connector, retry_count=3, check_process_time=50, process_sleep_time=1)
    since = await site.store.mark()
    events = await connector.collect(PRICING, changes(PRICING, site.skus(3)))
    await site.store.fault("rate_limited", retry_after=3, count=1)

    await connector.api.post(f"queues/{PRICING}/resume")
    await connector.run(PRICING)
    requests = await site.store.wait(4, PRICES, since=since)
    await connector.pause(PRICING)

    assert [each.status for each in requests] == [429, 200, 200, 200]
    assert (requests[1].at - requests[0].at).total_seconds() >= 3
    account = await reconcile(site, events, await site.store.requests(PRICES, since=since))
    account.check(retry_count=3)
    assert sorted(account.recorded.values()) == [1, 1, 2]
    checks = [check for run in await connector.runs(PRICING) for check in run["checks"]]
    assert {"rate_limited", "retry_after"} <= {check["ended_by"] for check in checks}


@pytest.mark.parametrize(
    ("mode", "status", "outcome"),
    [
        ("maintenance", 503, "unreachable"),
        ("bad_gateway", 502, "refused"),
        ("error_500", 500, "refused"),
        ("php_error", 500, "refused"),
        ("database_down", 500, "refused"),
        ("deadlock", 400, "undetermined"),
    ],
)
async def test_a_store_in_trouble_costs_one_attempt_and_the_next_check_brings_it_over(
    mode: str, status: int, outcome: str, connector: Connector
) -> None:
    site = connector.site
    await use(connector, retry_count=2)
    since = await site.store.mark()
    await site.store.fault(mode, count=1)
    events = await connector.collect(PRICING, changes(PRICING, site.skus(1)))

    await connector.run_to_its_end(PRICING)
    await connector.run_to_its_end(PRICING)

    requests = await site.store.requests(PRICES, since=since)
    assert [each.status for each in requests] == [status, 200]
    account = await reconcile(site, events, requests)
    account.check(retry_count=2)
    assert list(account.outcomes.values()) == [[outcome, "delivered"]]


@pytest.mark.parametrize("mode", ["reset_before", "reset_after"])
async def test_a_reset_connection_is_one_request_an_attempt_for_methods_that_clients_like_to_repeat(
    mode: str, connector: Connector
) -> None:
    site = connector.site
    await use(connector, retry_count=2)
    (sku,) = site.skus(1)
    since = await site.store.mark()
    await site.store.fault(mode, path=PRODUCTS)
    events = await connector.collect(PRODUCT_STATUS, changes(PRODUCT_STATUS, [sku]))

    for _ in range(3):
        await connector.run_to_its_end(PRODUCT_STATUS)

    requests = await site.store.requests(PRODUCTS, since=since, method="PUT")
    assert [(each.status, each.applied) for each in requests] == [(None, mode == "reset_after")] * 2
    account = await reconcile(site, events, requests)
    account.check(retry_count=2, delivered=False)
    assert account.states == {sku: "failed"}
    assert (await story(connector, sku))["error_class"] == "connection"


async def test_an_answer_that_does_not_come_in_time_is_an_attempt(connector: Connector) -> None:
    site = connector.site
    await use(connector, retry_count=1)
    (sku,) = site.skus(1)
    since = await site.store.mark()
    await site.store.fault("slow", seconds=4)
    await connector.collect(PRICING, changes(PRICING, [sku]))

    await connector.run_to_its_end(PRICING)

    told = await story(connector, sku)
    assert (told["error_class"], told["attempts"]) == ("timeout", 1)
    assert [each["outcome"] for each in told["attempt_log"]] == ["unreachable"]
    assert len(await site.store.wait(1, PRICES, since=since)) == 1


async def test_three_refusals_of_the_credentials_end_the_check_and_the_rest_is_not_charged(
    connector: Connector,
) -> None:
    site = connector.site
    await use(connector, retry_count=2)
    since = await site.store.mark()
    await site.store.fault("unauthorised")
    events = await connector.collect(PRICING, changes(PRICING, site.skus(10)))

    run = await connector.run_to_its_end(PRICING)

    assert [each.status for each in await site.store.requests(PRICES, since=since)] == [401] * 3
    assert run["checks"][0]["ended_by"] == "credentials_refused"
    account = await reconcile(site, events, await site.store.requests(PRICES, since=since))
    assert sorted(len(outcomes) for outcomes in account.outcomes.values()) == [0] * 7 + [1] * 3
    await site.store.mend()
    await connector.run_to_its_end(PRICING)
    account = await reconcile(site, events, await site.store.requests(PRICES, since=since))
    account.check(retry_count=2)


@pytest.mark.parametrize(("mode", "threshold_count"), [("refuse", 100), ("down", 0)])
async def test_an_outage_charges_only_what_was_tried_and_everything_arrives_after_it(
    mode: str, threshold_count: int, connector: Connector
) -> None:
    site = connector.site
    await use(connector, retry_count=20, threshold_count=threshold_count, batch_count=5, check_process_time=3)
    since = await site.store.mark()
    await site.store.fault(mode)
    skus = site.skus(60)
    events = await connector.collect(PRICING, changes(PRICING, skus))

    run = await connector.run_to_its_end(PRICING)
    await site.store.mend()
    await connector.run_to_its_end(PRICING)

    checks = [check for check in run["checks"] if check["waiting"]]
    assert len(checks) >= 2
    assert {(check["waiting"], check["requests"], check["ended_by"]) for check in checks} == {
        (60, 5, "target_unreachable")
    }
    account = await reconcile(site, events, await site.store.requests(PRICES, since=since))
    assert set(account.states.values()) == {"delivered"}
    tried = 5 if threshold_count else 25
    assert [len(account.outcomes[sku]) for sku in skus] == [len(checks) + 1] * tried + [1] * (60 - tried)


async def test_with_the_policy_hold_nothing_is_attempted_until_a_probe_succeeds(connector: Connector) -> None:
    site = connector.site
    await use(connector, retry_count=3, outage_policy="hold")
    since = await site.store.mark()
    await site.store.fault("down")
    events = await connector.collect(PRICING, changes(PRICING, site.skus(8)))

    await connector.run_to_its_end(PRICING)
    held = await connector.api.get(f"queues/{PRICING}")
    runs = [await connector.run_to_its_end(PRICING) for _ in range(3)]
    during = await site.store.requests(PRICES, since=since)
    await site.store.mend()
    await connector.run_to_its_end(PRICING)

    assert held["state"] == "on_hold"
    assert held["on_hold"]["reason"]
    assert len(during) == 5
    assert {check["ended_by"] for run in runs for check in run["checks"]} == {"on_hold"}
    account = await reconcile(site, events, await site.store.requests(PRICES, since=since))
    account.check(retry_count=3)
    assert (await connector.api.get(f"queues/{PRICING}"))["on_hold"] is None


async def test_an_input_limit_is_learned_and_batches_are_split(connector: Connector) -> None:
    site = connector.site
    await use(connector, threshold_count=25, batch_count=25, retry_count=1)
    since = await site.store.mark()
    await site.store.configure(input_limits=True, complex_array_limit=20)
    events = await connector.collect(PRICING, changes(PRICING, site.skus(50)))

    run = await connector.run_to_its_end(PRICING)
    await site.store.configure(input_limits=False, complex_array_limit=None)

    requests = await site.store.requests(PRICES, since=since)
    assert [each.rows for each in requests if each.status != 200] == [25]
    assert max(each.rows or 0 for each in requests if each.status == 200) == 20
    assert run["delivered"] == 50
    account = await reconcile(site, events, requests)
    account.check(retry_count=1, bisected=True)


async def test_a_newer_price_supersedes_the_failed_older_one_until_a_person_reprocesses_it(
    connector: Connector,
) -> None:
    site = connector.site
    await use(connector, retry_count=1)
    (sku,) = site.skus(1)
    await site.store.reject(sku)
    await connector.collect(PRICING, [change(PRICING, sku, number=1, price="1.00")])
    await connector.run_to_its_end(PRICING)
    letter = await connector.letter_of(sku)
    await site.store.accept(sku)
    await connector.collect(PRICING, [change(PRICING, sku, number=2, price="2.00")])

    await connector.run_to_its_end(PRICING)

    superseded = await connector.letter_of(sku, state="superseded")
    assert superseded["id"] == letter["id"]
    assert (await site.store.product(sku))["prices"]["0"] == 2

    await connector.api.post(f"dead-letters/{letter['id']}/reprocess", {"reason": "the old price after all"})
    await connector.run_to_its_end(PRICING)

    assert (await connector.letter_of(sku, state="reprocessed"))["generation"] == 1
    assert (await site.store.product(sku))["prices"]["0"] == 1


async def test_an_older_price_that_comes_late_is_not_sent(connector: Connector) -> None:
    site = connector.site
    await use(connector)
    (sku,) = site.skus(1)
    await connector.collect(PRICING, [change(PRICING, sku, number=2, price="2.00")])
    await connector.run_to_its_end(PRICING)
    since = await site.store.mark()
    await connector.collect(PRICING, [change(PRICING, sku, number=1, price="1.00")])

    run = await connector.run_to_its_end(PRICING)

    assert not await site.store.requests(PRICES, since=since)
    assert (run["delivered"], run["skipped"]) == (0, 1)
    assert (await site.store.product(sku))["prices"]["0"] == 2


@pytest.mark.parametrize("answer", ["page", "redirect", "half"])
async def test_an_answer_that_only_looks_like_success_is_none(answer: str, site: Site, connector: Connector) -> None:
    # Its own queues would be run by the shared daemon as well: that one is asked to keep out.
    await use(connector, retry_count=2)
    (sku,) = site.skus(1)
    await connector.collect(PRICING, changes(PRICING, [sku]))
    async with running_doorman(answer) as doorman, site.connector(MAGENTO_URL=doorman.url, **TIMEOUT) as other:
        await other.api.post(f"queues/{PRICING}/resume")
        async with connector.frozen():
            await other.run_to_its_end(PRICING)
            await other.run_to_its_end(PRICING)

        told = await story(connector, sku)

        assert doorman.asked == ["POST /rest/all/V1/products/base-prices"] * 2
        assert [each["outcome"] for each in told["attempt_log"]] == ["refused", "refused"]
        assert told["error_class"] == "target_error"
        assert await other.daemon.stop() == 0
