"""The worked examples of Threshold and Batch Count through the whole process: events in, requests counted."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.acceptance.site import INVENTORY, PRICING, PRODUCT_STATUS, Connector, changes
from tests.acceptance.store import PRICES, PRODUCTS, STOCK, Request
from tests.cases_file import CASES

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def deliver(connector: Connector, kind: str, path: str, waiting: int) -> tuple[dict[str, Any], list[Request]]:
    """Publish *waiting* events to a paused queue, have it run, and give its one check and the requests at the store."""
    skus = connector.site.skus(waiting)
    store = connector.site.store
    since = await store.mark()
    await connector.collect(kind, changes(kind, skus))
    run = await connector.run_to_its_end(kind)
    requests = [each for each in await store.requests(path, since=since) if not set(each.skus).isdisjoint(skus)]
    assert [sku for each in requests for sku in each.skus] == skus
    assert all(each.status == 200 and each.schema_valid for each in requests)
    (check,) = run["checks"]
    return check, requests


def sizes(requests: Sequence[Request]) -> list[int | None]:
    return [each.rows for each in requests]


@pytest.mark.parametrize(
    "case", CASES["plans"], ids=lambda case: "{waiting}-{threshold_count}-{batch_count}".format(**case)
)
async def test_the_requests_at_the_store_are_those_of_the_worked_example(
    case: dict[str, Any], connector: Connector
) -> None:
    await connector.api.put_settings(
        threshold_count=case["threshold_count"],
        batch_count=case["batch_count"],
        check_process_time=1,
        process_sleep_time=1,
    )

    answers = await asyncio.gather(
        deliver(connector, PRICING, PRICES, case["waiting"]), deliver(connector, INVENTORY, STOCK, case["waiting"])
    )

    for check, requests in answers:
        assert check["waiting"] == case["waiting"]
        assert check["mode"] == case["mode"]
        assert check["requests"] == case["requests"]
        assert sizes(requests) == case["sizes"]
        assert check["delivered"] == case["waiting"]


async def test_a_queue_without_bulk_calls_makes_fifty_requests_for_fifty_records(connector: Connector) -> None:
    await connector.api.put_settings(threshold_count=25, batch_count=25, check_process_time=1, process_sleep_time=1)
    skus = connector.site.skus(50)
    since = await connector.site.store.mark()
    await connector.collect(PRODUCT_STATUS, changes(PRODUCT_STATUS, skus))

    run = await connector.run_to_its_end(PRODUCT_STATUS)

    requests = await connector.site.store.requests(PRODUCTS, since=since, method="PUT")
    assert sorted(sku for each in requests for sku in each.skus) == sorted(skus)
    assert len(requests) == 50
    (check,) = run["checks"]
    assert (check["mode"], check["waiting"], check["delivered"]) == ("single", 50, 50)
