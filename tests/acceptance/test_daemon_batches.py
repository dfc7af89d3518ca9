"""A bulk request with one bad record: the others arrive and are charged nothing (DESIGN.md, rule 6)."""

from collections.abc import Sequence

import pytest

from tests.acceptance.reconciliation import Account, reconcile
from tests.acceptance.site import INVENTORY, PRICING, Connector, change, changes
from tests.acceptance.store import PRICES, STOCK, Request

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_TO_FIND_ONE_OF_25 = 11
"""The request itself, and two halves at each of the five levels below it."""


async def deliver_twice(
    connector: Connector, kind: str, path: str, skus: Sequence[str]
) -> tuple[list[Request], list[Request], Account]:
    """Have 25 records sent in bulk by one check, and what was refused by a second one; give the requests of both."""
    await connector.api.put_settings(
        threshold_count=0, batch_count=25, retry_count=2, check_process_time=1, process_sleep_time=1
    )
    store = connector.site.store
    since = await store.mark()
    events = await connector.collect(kind, changes(kind, skus))
    await connector.run_to_its_end(kind)
    first = await store.requests(path, since=since)
    await connector.run_to_its_end(kind)
    every = await store.requests(path, since=since)
    return first, every[len(first) :], await reconcile(connector.site, events, every)


def check_charges(account: Account, *, bad: str) -> None:
    """Assert that all but *bad* arrived with their first attempt, and that it alone spent its two."""
    assert account.states == {key: "failed" if key == bad else "delivered" for key in account.states}
    assert account.outcomes == {
        key: ["refused", "refused"] if key == bad else ["delivered"] for key in account.outcomes
    }
    account.check(retry_count=2, delivered=False, bisected=True)


async def test_prices_the_refused_row_alone_is_charged_once_a_check(connector: Connector) -> None:
    skus = connector.site.skus(25)
    bad = skus[12]
    await connector.site.store.reject(bad)

    first, second, account = await deliver_twice(connector, PRICING, PRICES, skus)

    assert [each.rows for each in first] == [25]
    assert [each.skus for each in second] == [[bad]]
    check_charges(account, bad=bad)


@pytest.mark.parametrize("place", [0, 7, 24])
async def test_stock_is_bisected_within_the_attempt_and_only_the_bad_record_is_charged(
    place: int, connector: Connector
) -> None:
    skus = connector.site.skus(25)
    bad = skus[place]
    await connector.site.store.reject(bad)

    first, second, account = await deliver_twice(connector, INVENTORY, STOCK, skus)

    assert first[0].rows == 25
    assert len(first) <= MOST_TO_FIND_ONE_OF_25
    arrived = [sku for each in first if each.status == 200 for sku in each.skus]
    assert sorted(arrived) == sorted(set(skus) - {bad})
    assert [(each.skus, each.status) for each in second] == [([bad], 400)]
    check_charges(account, bad=bad)


async def test_prices_whose_refusal_names_no_record_are_bisected_too(connector: Connector) -> None:
    skus = connector.site.skus(4)
    await connector.site.store.fault("partial", every=3, count=1)

    first, second, account = await deliver_twice(connector, PRICING, PRICES, skus)

    assert first[0].rows == 4
    assert sorted({sku for each in first[1:] for sku in each.skus}) == sorted(skus)
    assert not second
    assert set(account.states.values()) == {"delivered"}


async def test_a_sku_that_the_store_would_take_in_silence_is_refused_before_it_is_sent(connector: Connector) -> None:
    unknown = "AC-NOT-THERE"
    skus = [*connector.site.skus(24), unknown]

    first, second, account = await deliver_twice(connector, INVENTORY, STOCK, skus)

    assert [each.rows for each in first] == [24]
    assert not second
    check_charges(account, bad=unknown)
    letter = await connector.letter_of(unknown)
    assert (letter["error_class"], letter["attempts"]) == ("not_found", 2)


async def test_two_changes_of_one_record_are_one_row_and_both_settle_with_it(connector: Connector) -> None:
    one, other = connector.site.skus(2)
    await connector.api.put_settings(threshold_count=0, batch_count=25, check_process_time=1, process_sleep_time=1)
    since = await connector.site.store.mark()
    events = [change(PRICING, one, number=1, price="1.10"), change(PRICING, one, number=2, price="2.20")]
    await connector.collect(PRICING, [*events, change(PRICING, other)])

    run = await connector.run_to_its_end(PRICING)

    (request,) = await connector.site.store.requests(PRICES, since=since)
    assert sorted(request.skus) == sorted([one, other])
    assert (await connector.site.store.product(one))["prices"]["0"] == 2.2
    (check,) = run["checks"]
    assert (check["waiting"], check["delivered"]) == (3, 3)
