"""From the simulated ERP into the simulated shop, by reader, rule and writer: what is wrong is told; mended it goes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

import pytest

from daemon.erp.customers import customer_reader
from daemon.erp.documents import invoice_reader
from daemon.sandbox.magento.ordering import OrderLine
from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.entity_rules import customer_rule, invoice_rule
from daemon.sync.hydrating import HydratingSender, RecordReader, Rule, for_all_websites
from daemon.sync.shop.writing import ShopWriter
from queues.message import ChangeEvent, Message, decode, encode
from queues.verdicts import Delivered, Skipped, Verdict
from tests.acumatica_client import Pair, pair
from tests.erp_documents import invoice, sales_order
from tests.erp_records import settings_with
from tests.writers_shop import WritersShop, delivered, refused, writers_shop

RecordT = TypeVar("RecordT")
ShopT = TypeVar("ShopT")


@dataclass(frozen=True, slots=True)
class InForce:
    settings: ConnectorSettings

    async def document(self) -> SettingsDocument:
        return SettingsDocument(default=self.settings)


@dataclass(frozen=True, slots=True)
class Line(Generic[RecordT, ShopT]):
    """One entity, from end to end."""

    reader: RecordReader[RecordT]
    rule: Rule[RecordT, ShopT]
    writer: ShopWriter[ShopT]

    async def send(self, key: str, **groups: Any) -> Verdict:  # noqa: ANN401 - JSON
        sender = HydratingSender(
            "thing",
            reader=self.reader,
            rule=for_all_websites(self.rule),
            writer=self.writer,
            settings=InForce(settings_with(**groups)),
            probe=self._probe,
            budget=timedelta(minutes=1),
        )
        (verdict,) = await sender.send([self._message(key)])
        return verdict

    async def _probe(self) -> bool:
        return True

    def _message(self, key: str) -> Message:
        at = datetime(2026, 11, 21, tzinfo=UTC)
        return decode(
            encode(ChangeEvent(id="1", source="acumatica/Shop", type="to_magento.thing", subject=key, time=at))
        )


@pytest.fixture
async def both() -> AsyncIterator[tuple[Pair, WritersShop]]:
    async with pair() as erp, writers_shop() as shop:
        yield erp, shop


ATTRIBUTES: dict[str, Any] = {
    "capabilities": {"magento_commerce": True},
    "customers": {"classes_to_shop": ["WEB"], "attributes_to_shop": True},
    "schema": {
        "customer": [
            {"tab": "Attributes", "schema": "Attributes.COLOUR", "name": "Colour", "active": True},
        ]
    },
}


async def test_an_attribute_outside_its_options_is_refused_and_mended_it_goes(both: tuple[Pair, WritersShop]) -> None:
    erp, shop = both
    shop.running.sandbox.shop.people.custom_attributes.add("colour")
    customers = Line(customer_reader(erp.client), customer_rule, shop.write.customers)

    async def choose(value: str) -> None:
        attributes = [{"AttributeID": "COLOUR", "Value": value}]
        await erp.site.control("POST", "records/Customer", {"CustomerID": "C000001", "Attributes": attributes})

    await choose("PINK")
    refused(await customers.send("C000001", **ATTRIBUTES), "mapping", "COLOUR", "'PINK'")
    assert shop.writes() == []

    await choose("RED")
    delivered(await customers.send("C000001", **ATTRIBUTES))
    (customer,) = shop.running.sandbox.shop.people.customers.values()
    assert customer.custom == {"colour": "Red"}

    # Either switch takes the attributes out of what is told.
    await choose("BLUE")
    for off in ({"customers": {"classes_to_shop": ["WEB"]}}, {"syncs": {"customer_attribute": {"enabled": False}}}):
        assert isinstance(await customers.send("C000001", **{**ATTRIBUTES, **off}), Delivered)
    assert customer.custom == {"colour": "Red"}


def reason(verdict: Verdict) -> str:
    assert isinstance(verdict, Skipped), verdict
    return verdict.reason.partition(":")[0]


RULE = {
    "name": "no first customers",
    "entity": "customer",
    "conditions": [{"field": "CustomerID", "operator": "equals", "values": ["C000001"]}],
}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({"syncs": {"customer": {"enabled": False}}}, "sync_disabled"),
        ({"syncs": {"customer": {"direction": "to_acumatica"}}}, "direction"),
        ({"rules": [RULE]}, "rule"),
        ({"customers": {"classes_to_shop": []}}, "customer_class"),
        ({}, None),
    ],
)
async def test_what_the_settings_keep_back_is_skipped_with_the_reason(
    both: tuple[Pair, WritersShop], groups: dict[str, Any], expected: str | None
) -> None:
    erp, shop = both
    customers = Line(customer_reader(erp.client), customer_rule, shop.write.customers)

    verdict = await customers.send("C000001", **{"customers": {"classes_to_shop": ["WEB"]}, **groups})

    assert (reason(verdict) if expected else None) == expected
    assert [entry.method for entry in shop.writes()] == ([] if expected else ["POST"])


async def test_more_invoiced_than_the_shop_sold_is_refused_and_mended_it_goes_once(
    both: tuple[Pair, WritersShop],
) -> None:
    erp, shop = both
    order = shop.order(OrderLine(sku="AC-1000", quantity=Decimal(2)))
    invoices = Line(invoice_reader(erp.client), invoice_rule, shop.write.invoices)

    async def save(entity: str, *records: dict[str, Any]) -> None:
        await erp.site.control("POST", f"records/{entity}", list(records))

    async def send(*numbers: str) -> Sequence[Verdict]:
        return [await invoices.send(f"Invoice/{number}") for number in numbers]

    await save("SalesOrder", sales_order("000101", order.increment_id, {"AC-1000": 3}))
    await save("SalesInvoice", invoice("AR1", "000101", {"AC-1000": 3}, shipment=None, Status="Open"))
    await save("SalesInvoice", {**invoice("CM1", "000101", {"AC-1000": 3}, shipment=None), "Type": "Credit Memo"})
    refused((await send("AR1"))[0], "conflict", "3 of AC-1000 to invoice, only 2 left")
    assert reason(await invoices.send("Credit Memo/CM1")) == "invoice_type"
    assert shop.writes() == []

    await save("SalesOrder", sales_order("000101", order.increment_id, {"AC-1000": 2}))
    await save("SalesInvoice", invoice("AR1", "000101", {"AC-1000": 2}, shipment=None, Status="Open"))
    for verdict in await send("AR1", "AR1"):
        delivered(verdict)
    (made,) = shop.running.sandbox.shop.sales.invoices.values()
    assert [(item.sku, int(quantity)) for _, item, quantity in made.lines] == [("AC-1000", 2)]
