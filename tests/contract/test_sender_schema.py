"""Whatever the records are: bodies keep to the contract, numbers go out digit for digit, no answer raises."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.magento.catalogue import Catalogue
from daemon.magento.inventory import InventorySender
from daemon.magento.pricing import PricingSender
from daemon.magento.product_status import ProductStatusSender
from daemon.magento.rows import InputLimits
from daemon.magento.stores import StoreViews
from daemon.magento.writers import Writers
from daemon.sync.shop.attribute import ShopAttribute, ShopAttributeSet, ShopOption
from daemon.sync.shop.category import ShopCategory
from daemon.sync.shop.customer import ShopCustomer
from daemon.sync.shop.image import ProductImages, ShopImage
from daemon.sync.shop.order import ShippedLine, ShopInvoice, ShopOrderStatus, ShopShipment
from daemon.sync.shop.prices import ShopTierPrices
from daemon.sync.shop.product import CategoryPlace, ConfigurableParts, ProductLinks, ShopProduct
from daemon.sync.shop.tax_class import ShopTaxClass
from queues.message import ChangeEvent, Message, decode, encode
from queues.ports import Sender
from queues.verdicts import Delivered, Refused, Skipped, Undetermined, Unreachable
from tests.fakes.magento_store import Received, ScriptedStore, StoreAnswer, answer, scripted_store
from tests.strategies import texts

prices = st.decimals(min_value=0, max_value=10**14, places=6)
quantities = st.decimals(min_value=-99_999_999, max_value=99_999_999, places=4)
written = st.sampled_from([str, lambda value: value])


def message(kind: str, sku: str, data: dict[str, Any]) -> Message:
    event = ChangeEvent(
        id=sku,
        source="tests",
        type=f"to_magento.{kind}",
        subject=sku,
        time=datetime(2026, 11, 21, tzinfo=UTC),
        data=data,
    )
    return decode(encode(event))


def has_every_sku(request: Received) -> StoreAnswer:
    if request.method == "PUT":
        return answer({})
    if request.method == "POST":
        return answer([])
    skus: list[str] = []
    for name, value in request.query.items():
        if name.endswith("[value]"):
            skus += value.split(",") if request.query[name.replace("[value]", "[condition_type]")] == "in" else [value]
    return answer({"items": [{"sku": sku, "type_id": "simple"} for sku in skus], "total_count": len(skus)})


def senders(store: ScriptedStore) -> dict[str, Sender]:
    stores, limits, catalogue = StoreViews(store.client), InputLimits(), Catalogue(store.client)
    return {
        "pricing": PricingSender(store.client, stores=stores, limits=limits),
        "inventory": InventorySender(store.client, catalogue=catalogue, limits=limits),
        "product_status": ProductStatusSender(store.client, catalogue=catalogue, stores=stores),
    }


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(texts(), st.tuples(prices, prices, prices, written), min_size=1, max_size=8))
async def test_prices_arrive_as_the_very_numbers_that_came(records: dict[str, Any]) -> None:
    messages = [
        message("pricing", sku, {"price": form(price), "cost": form(cost), "special_price": form(special)})
        for sku, (price, cost, special, form) in records.items()
    ]
    async with scripted_store(has_every_sku) as store:
        verdicts = await senders(store)["pricing"].send(messages)

        base, cost, special = (request.document["prices"] for request in store.requests)
        assert [type(verdict) for verdict in verdicts] == [Delivered] * len(messages)
        assert {row["sku"]: Decimal(row["price"]) for row in base} == {sku: each[0] for sku, each in records.items()}
        assert {row["sku"]: Decimal(row["cost"]) for row in cost} == {sku: each[1] for sku, each in records.items()}
        assert {row["sku"]: Decimal(row["price"]) for row in special} == {sku: each[2] for sku, each in records.items()}
        assert [row["sku"] for row in base] == sorted(records)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(texts(), st.tuples(quantities, written), min_size=1, max_size=8))
async def test_quantities_arrive_as_the_very_numbers_that_came(records: dict[str, Any]) -> None:
    messages = [message("inventory", sku, {"quantity": form(value)}) for sku, (value, form) in records.items()]
    async with scripted_store(has_every_sku) as store:
        verdicts = await senders(store)["inventory"].send(messages)

        (post,) = store.posts("/inventory/source-items")
        rows = post.document["sourceItems"]
        assert [type(verdict) for verdict in verdicts] == [Delivered] * len(messages)
        assert {row["sku"]: Decimal(row["quantity"]) for row in rows} == {sku: each[0] for sku, each in records.items()}
        assert [row["sku"] for row in rows] == sorted(records)


DATA: dict[str, dict[str, Any]] = {
    "pricing": {"price": 1, "cost": 1},
    "inventory": {"quantity": 1},
    "product_status": {"status": "enabled"},
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 1000) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "parameters", "errors", "items", "total_count", "sku"]), inner)
    ),
    max_leaves=8,
)
answers = st.one_of(
    st.builds(answer, json_values, status=st.sampled_from([200, 200, 400, 404, 500])),
    st.builds(
        StoreAnswer,
        status=st.integers(200, 599),
        body=st.binary(max_size=50),
        content_type=st.sampled_from(["application/json", "text/plain", "text/html; charset=UTF-8"]),
    ),
    st.just(StoreAnswer(drop=True)),
)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(DATA)), st.integers(1, 4), answers, st.booleans())
async def test_whatever_the_store_answers_each_message_gets_one_verdict(
    kind: str,
    count: int,
    said: StoreAnswer,
    look_up_works: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    def script(request: Received) -> StoreAnswer:
        return has_every_sku(request) if request.method == "GET" and look_up_works else said

    messages = [message(kind, f"AC-{number}", DATA[kind]) for number in range(count)]
    async with scripted_store(script) as store:
        verdicts = await senders(store)[kind].send(messages)
        accepted = await senders(store)[kind].probe()

    assert len(verdicts) == count
    assert all(isinstance(each, Delivered | Skipped | Refused | Unreachable | Undetermined) for each in verdicts)
    assert isinstance(accepted, bool)


RECORDS: dict[str, tuple[str, object]] = {
    "product": (
        "products",
        ShopProduct(
            sku="A/1",
            name="A",
            attribute_set="S",
            websites=("base",),
            categories=(CategoryPlace(mark="erp-1"),),
            tax_class="T",
            values={"finish": "Matte"},
        ),
    ),
    "configurable": (
        "products",
        ShopProduct(sku="C", type="configurable", parts=ConfigurableParts(options=("finish",), children=("A/1",))),
    ),
    "links": ("links", ProductLinks(sku="A/1", links={"related": ("B",)})),
    "images": ("images", ProductImages(sku="A/1", images=(ShopImage(content=b"GIF89a;", name="a.gif"),))),
    "attribute": (
        "attributes",
        ShopAttribute(code="finish", label="F", input="select", options=(ShopOption(label="M"),)),
    ),
    "set": ("attribute_sets", ShopAttributeSet(name="S", attributes=("finish",))),
    "category": ("categories", ShopCategory(mark="erp-1", name="Brackets", parent="erp-2", position=2)),
    "customer": ("customers", ShopCustomer(email="a@example.com", first_name="A", last_name="B", group="G")),
    "tax class": ("tax_classes", ShopTaxClass(name="T")),
    "tier prices": ("tier_prices", ShopTierPrices(sku="A/1", tiers=())),
    "status": ("order_statuses", ShopOrderStatus(order="1", status="holded", comment="c")),
    "shipment": ("shipments", ShopShipment(order="1", key="1", lines=(ShippedLine(sku="A/1", quantity=Decimal(1)),))),
    "invoice": ("invoices", ShopInvoice(order="1", key="1")),
}
members = st.sampled_from(["id", "sku", "code", "increment_id", "entity_id", "url_key", "items", "type_id", "email"])
rows = st.dictionaries(members, json_values, max_size=4)
found = st.builds(
    lambda items, total: answer({"items": items, "total_count": total}), st.lists(rows, max_size=2), st.integers(0, 150)
)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(RECORDS)), st.lists(found | answers, min_size=1, max_size=6))
async def test_whatever_the_store_answers_each_record_gets_a_verdict(kind: str, said: list[StoreAnswer]) -> None:
    turn = itertools.cycle(said)
    async with scripted_store(lambda _: next(turn)) as store:
        writer, record = RECORDS[kind]
        writers = Writers.of(store.client, stores=StoreViews(store.client))
        verdict = await getattr(writers, writer).write(record)

    assert isinstance(verdict, Delivered | Skipped | Refused | Unreachable | Undetermined)


async def test_a_row_without_its_id_is_the_stores_fault_and_no_exception() -> None:
    half = answer({"items": [{"increment_id": "1"}], "total_count": 1})
    async with scripted_store(lambda _: half) as store:
        writers = Writers.of(store.client, stores=StoreViews(store.client))
        verdict = await writers.invoices.write(ShopInvoice(order="1", key="1"))

    assert isinstance(verdict, Refused)
    assert verdict.error_class == "target_error"
