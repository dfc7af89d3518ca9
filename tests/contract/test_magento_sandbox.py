"""The senders against the simulated store, and the engine's bisecting on top: what really arrives there."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from daemon.config import MagentoBearer, MagentoConfig, MagentoOAuth
from daemon.magento.connection import test_connection as check_connection
from daemon.sandbox.faults import Fault
from daemon.sandbox.journal import JournalEntry
from daemon.sandbox.serve import RunningSandbox, running_sandbox
from daemon.sandbox.settings import DEFAULT_CREDENTIALS, STOCK_ONLY_CREDENTIALS, OAuthCredentials, SandboxSettings
from daemon.secret import Secret
from daemon.targets import Store, open_store
from queues.message import ChangeEvent, Message, decode, encode
from queues.verdicts import Delivered, Refused, Unreachable, Verdict
from queues.worker.delivery import deliver
from tests.fakes.clock import FakeClock

BEARER = MagentoBearer(token=Secret(DEFAULT_CREDENTIALS.access_token))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A running sandbox and its senders."""

    running: RunningSandbox
    store: Store
    stack: AsyncExitStack

    async def send(self, messages: Sequence[Message]) -> dict[str, Verdict]:
        """Make one attempt as the engine does, bisecting included; the verdict of each record."""
        sender = self.store.senders[messages[0].event.type]
        answers = [answer async for answer in deliver(sender, messages, observe=lambda _: None)]
        return {message.key: verdict for each in answers for message, verdict in each.determined}

    def writes(self) -> list[JournalEntry]:
        """The requests that were no reads, each of which must keep to the contract."""
        entries = [entry for entry in self.running.sandbox.journal.entries() if entry.method != "GET"]
        assert [error for entry in entries for error in entry.schema_errors] == []
        return entries

    def price(self, sku: str, store_id: int = 0) -> object:
        product = self.running.sandbox.shop.catalogue.get(sku)
        assert product is not None
        return product.value("price", store_id)

    def quantity(self, sku: str, source_code: str = "default") -> Decimal:
        items = self.running.sandbox.shop.inventory.items_of(sku)
        return next(item.quantity for item in items if item.source_code == source_code)

    def fault(self, fault: Fault) -> None:
        self.running.sandbox.faults.switch_on(fault)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(running_sandbox(SandboxSettings(default_products=60)))
        yield Shop(running=running, store=await connect(running, stack, BEARER), stack=stack)


async def connect(running: RunningSandbox, stack: AsyncExitStack, credentials: MagentoBearer | MagentoOAuth) -> Store:
    """Open the store as the daemon does."""
    config = MagentoConfig(
        url=running.url,
        credentials=credentials,
        connect_timeout=timedelta(seconds=5),
        timeout=timedelta(seconds=30),
    )
    store = await stack.enter_async_context(open_store(config, FakeClock()))
    assert store is not None
    return store


def message(kind: str, sku: str, *, storeview: str | None = None, **data: Any) -> Message:  # noqa: ANN401 - JSON
    event = ChangeEvent(
        id=f"{sku}/{storeview}/{data}",
        source="tests",
        type=f"to_magento.{kind}",
        subject=sku,
        time=datetime(2026, 11, 21, tzinfo=UTC),
        storeview=storeview,
        data=data,
    )
    return decode(encode(event))


def skus(count: int) -> list[str]:
    return [f"AC-{1000 + number}" for number in range(count)]


def refused(verdicts: dict[str, Verdict]) -> set[str]:
    return {key for key, verdict in verdicts.items() if not isinstance(verdict, Delivered)}


async def test_25_prices_arrive_in_one_request(shop: Shop) -> None:
    messages = [message("pricing", sku, price=f"{number}.25") for number, sku in enumerate(skus(25))]

    verdicts = await shop.send(messages)

    assert refused(verdicts) == set()
    assert [shop.price(sku) for sku in skus(25)] == [Decimal(f"{number}.25") for number in range(25)]
    assert [(entry.method, entry.rows) for entry in shop.running.sandbox.journal.entries()] == [("POST", 25)]


async def test_prices_of_unknown_and_configurable_skus_are_refused_and_the_others_arrive(shop: Shop) -> None:
    messages = [message("pricing", sku, price=7) for sku in [*skus(23), "NONE", "AC-CONF"]]

    verdicts = await shop.send(messages)

    assert refused(verdicts) == {"NONE", "AC-CONF"}
    assert {shop.price(sku) for sku in skus(23)} == {7}
    assert len(shop.writes()) == 1


async def test_refusals_that_name_no_sku_are_bisected_and_every_good_price_arrives(shop: Shop) -> None:
    shop.fault(Fault(mode="partial", every=3, form="price", count=1))
    messages = [message("pricing", sku, price=8) for sku in skus(10)]

    verdicts = await shop.send(messages)

    assert refused(verdicts) == set()
    assert {shop.price(sku) for sku in skus(10)} == {8}
    assert len(shop.writes()) > 1


async def test_a_deadlock_is_nobodys_fault_and_the_halves_arrive(shop: Shop) -> None:
    shop.fault(Fault(mode="deadlock", count=1))
    messages = [message("pricing", sku, price=9) for sku in skus(10)]

    verdicts = await shop.send(messages)

    assert refused(verdicts) == set()
    assert [entry.rows for entry in shop.writes()] == [10, 5, 5]


async def test_a_rejected_sku_among_25_stock_changes_is_found_and_the_other_24_arrive(shop: Shop) -> None:
    shop.running.sandbox.faults.reject("AC-1013", None)
    messages = [message("inventory", sku, quantity="3.5") for sku in skus(25)]

    verdicts = await shop.send(messages)

    assert refused(verdicts) == {"AC-1013"}
    assert {shop.quantity(sku) for sku in skus(25) if sku != "AC-1013"} == {Decimal("3.5")}


async def test_an_unknown_source_refuses_its_own_record_only(shop: Shop) -> None:
    messages = [
        message("inventory", "AC-1000", quantity=1),
        message("inventory", "AC-1001", quantity=2, source_code="nosuch"),
        message("inventory", "AC-1002", quantity=3, source_code="west"),
    ]

    verdicts = await shop.send(messages)

    assert refused(verdicts) == {"AC-1001"}
    assert shop.quantity("AC-1000") == 1
    assert shop.quantity("AC-1002", "west") == 3


async def test_stock_of_what_carries_none_leaves_no_orphan_behind(shop: Shop) -> None:
    before = len(shop.running.sandbox.shop.inventory.all_items())
    messages = [message("inventory", sku, quantity=1) for sku in ("NONE", "ac-1000", "AC-CONF", "AC-BUNDLE")]

    verdicts = await shop.send(messages)

    assert len(refused(verdicts)) == 4
    assert len(shop.running.sandbox.shop.inventory.all_items()) == before
    assert shop.writes() == []


async def test_a_difficult_sku_takes_prices_stock_and_status(shop: Shop) -> None:
    sku = "AC/4 x 12+"

    for each in (
        message("pricing", sku, price="0.36"),
        message("inventory", sku, quantity=4),
        message("product_status", sku, status="disabled"),
    ):
        assert refused(await shop.send([each])) == set()

    product = shop.running.sandbox.shop.catalogue.get(sku)
    assert product is not None
    assert shop.price(sku) == Decimal("0.36")
    assert shop.quantity(sku) == 4
    assert product.value("status", 0) == 2


async def test_a_status_in_other_letter_case_renames_nothing(shop: Shop) -> None:
    verdicts = await shop.send([message("product_status", "ac-1000", status="disabled")])

    product = shop.running.sandbox.shop.catalogue.get("AC-1000")
    assert product is not None
    assert product.sku == "AC-1000"
    assert refused(verdicts) == {"ac-1000"}


async def test_cost_and_special_price_arrive(shop: Shop) -> None:
    each = message("pricing", "AC-1000", price=9, cost="4.10", special_price="7.77", special_from="2030-01-01")

    verdicts = await shop.send([each])

    product = shop.running.sandbox.shop.catalogue.get("AC-1000")
    assert product is not None
    assert refused(verdicts) == set()
    assert product.value("cost", 0) == Decimal("4.10")
    assert product.value("special_price", 0) == Decimal("7.77")
    assert len(shop.writes()) == 3


async def test_a_price_for_one_store_view_stays_there_where_prices_are_scoped(shop: Shop) -> None:
    shop.running.sandbox.shop.configuration.price_scope = "website"

    await shop.send([message("pricing", "AC-1000", price=1)])
    verdicts = await shop.send([message("pricing", "AC-1000", price=2, storeview="default")])

    assert refused(verdicts) == set()
    assert (shop.price("AC-1000", 0), shop.price("AC-1000", 1)) == (1, 2)


async def test_the_shops_input_limit_is_learned(shop: Shop) -> None:
    shop.running.sandbox.shop.configuration.input_limits = True
    shop.running.sandbox.shop.configuration.complex_array_limit = 10

    verdicts = await shop.send([message("pricing", sku, price=3) for sku in skus(25)])
    stock = await shop.send([message("inventory", sku, quantity=3) for sku in skus(25)])

    assert refused(verdicts) | refused(stock) == set()
    assert [entry.rows for entry in shop.writes()] == [25, 10, 10, 5] * 2


@pytest.mark.parametrize("mode", ["down", "reset_before", "reset_after", "maintenance"])
async def test_a_shop_that_is_away_is_unreachable_after_one_request(shop: Shop, mode: Any) -> None:  # noqa: ANN401 - a literal
    shop.fault(Fault(mode=mode))

    verdicts = await shop.send([message("pricing", sku, price=3) for sku in skus(5)])

    assert {type(verdict) for verdict in verdicts.values()} == {Unreachable}
    assert len(shop.running.sandbox.journal.entries()) == 1


@pytest.mark.parametrize(
    ("mode", "error_class"),
    [
        ("rate_limited", "rate_limit"),
        ("error_500", "target_error"),
        ("database_down", "target_error"),
        ("bad_gateway", "target_error"),
        ("unauthorised", "auth"),
    ],
)
async def test_what_concerns_the_whole_shop_is_told_of_all_after_one_request(
    shop: Shop,
    mode: Any,  # noqa: ANN401 - a literal
    error_class: str,
) -> None:
    shop.fault(Fault(mode=mode, retry_after=5))

    verdicts = await shop.send([message("pricing", sku, price=3) for sku in skus(5)])

    assert all(isinstance(each, Refused) and each.error_class == error_class for each in verdicts.values())
    assert len(shop.running.sandbox.journal.entries()) == 1


def oauth(credentials: OAuthCredentials) -> MagentoOAuth:
    return MagentoOAuth(
        consumer_key=Secret(credentials.consumer_key),
        consumer_secret=Secret(credentials.consumer_secret),
        access_token=Secret(credentials.access_token),
        access_token_secret=Secret(credentials.access_token_secret),
    )


async def test_oauth_works_with_bearer_switched_off_for_reads_and_writes(shop: Shop) -> None:
    shop.running.sandbox.shop.configuration.bearer = False
    store = await connect(shop.running, shop.stack, oauth(DEFAULT_CREDENTIALS))
    signed = Shop(running=shop.running, store=store, stack=shop.stack)

    unsigned_verdicts = await shop.send([message("pricing", "AC-1000", price=3)])
    verdicts = await signed.send([message("inventory", sku, quantity=6) for sku in ("AC-1000", "AC/4 x 12+")])
    status = await signed.send([message("product_status", "AC/4 x 12+", status="enabled")])

    assert refused(unsigned_verdicts) == {"AC-1000"}
    assert refused(verdicts) | refused(status) == set()


async def test_the_connection_test_is_content_with_all_permissions_and_not_with_some(shop: Shop) -> None:
    poor_store = await connect(shop.running, shop.stack, oauth(STOCK_ONLY_CREDENTIALS))

    good, poor = await check_connection(shop.store.client), await check_connection(poor_store.client)

    assert good.ok
    assert (poor.ok, poor.reason) == (False, "unauthorised")


async def test_a_first_record_refused_before_sending_does_not_hide_the_request_of_the_others(shop: Shop) -> None:
    messages = [message("inventory", "NONE", quantity=1), message("inventory", "AC-1000", quantity=2)]

    sender = shop.store.senders["to_magento.inventory"]
    answers = [answer async for answer in deliver(sender, messages, observe=lambda _: None)]

    assert [each.exchange.request for each in answers if each.exchange] == ["POST /rest/all/V1/inventory/source-items"]
