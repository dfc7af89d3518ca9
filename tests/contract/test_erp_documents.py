"""What senders read of customers and documents, over the simulated Acumatica, at the moment they send."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest

from daemon.acumatica.client import AcumaticaClient
from daemon.capture.invoice_events import InvoiceEvents
from daemon.capture.ports import SourceUnavailable
from daemon.clock import SystemClock
from daemon.erp.capturing import LISTED, horizon
from daemon.erp.changes import ErpChanges, steps_of
from daemon.erp.customers import customer_reader
from daemon.erp.documents import InvoiceShipments, invoice_reader, order_reader, shipment_reader
from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.entity_rules import CustomerWithDefinitions
from daemon.sync.hydrating import RecordReader
from daemon.sync.records.invoice import InvoiceWithOrders
from daemon.sync.records.order import ErpOrder
from daemon.sync.records.shipment import ErpShipment
from queues.postgres.changed_keys import DueKey
from queues.verdicts import Refused, Unreachable
from tests.acumatica_client import Pair, pair
from tests.erp_documents import invoice, sales_order, shipment
from tests.fakes.capture_stores import FakeSyncCursors

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class InForce:
    """Settings that a test chose."""

    def __init__(self, settings: ConnectorSettings) -> None:
        self._settings = settings

    async def document(self) -> SettingsDocument:
        return SettingsDocument(default=self._settings)


PLAIN = ConnectorSettings()
WITH_ATTRIBUTES = ConnectorSettings.from_document(
    {
        "capabilities": {"magento_commerce": True},
        "customers": {"attributes_to_shop": True},
        "syncs": {"customer_attribute": {"enabled": True}},
    }
)
ON_RELEASE = InForce(ConnectorSettings.from_document({"shipment": {"trigger": "invoice_release"}}))
AS_SHIPPED = InForce(PLAIN)


async def fill(both: Pair) -> None:
    """An order in two shipments and two invoices, of which the first is released."""
    links = [{"ShipmentNbr": each, "InvoiceType": "Invoice", "InvoiceNbr": f"AR-{each}"} for each in ("S1", "S2")]
    orders = [sales_order("000101", "000000009", {"AC-1000": 2, "AC-1001": 1}, Shipments=links)]
    shipments = [
        shipment("S1", "000101", {"AC-1000": 2}, "1Z1", InvoiceNbr="AR-S1"),
        shipment("S2", "000101", {"AC-1001": 1}, InvoiceNbr="AR-S2"),
        {"ShipmentNbr": "T1", "Type": "Transfer", "Status": "Confirmed", "Details": [{"InventoryID": "AC-1000"}]},
    ]
    invoices = [
        invoice("AR-S1", "000101", {"AC-1000": 2}, shipment="S1", Status="Open"),
        invoice("AR-S2", "000101", {"AC-1001": 1}, shipment="S2"),
    ]
    for entity, records in (("SalesOrder", orders), ("Shipment", shipments), ("SalesInvoice", invoices)):
        await both.site.control("POST", f"records/{entity}?push=0", records)


async def test_an_order_is_read_by_type_and_number() -> None:
    async with pair() as both:
        await fill(both)
        order = await order_reader(both.client).read("SO/000101", PLAIN)

    assert isinstance(order, ErpOrder)
    assert (order.external_ref, order.status) == ("000000009", "Open")
    assert order.invoices == (("Invoice", "AR-S1"), ("Invoice", "AR-S2"))


async def test_a_shipment_knows_whether_its_invoice_is_released() -> None:
    async with pair() as both:
        await fill(both)
        reader = shipment_reader(both.client)
        read = [await reader.read(number, PLAIN) for number in ("S1", "S2", "T1")]

    shipments = [each for each in read if isinstance(each, ErpShipment)]
    assert [[order.is_invoice_released for order in each.orders] for each in shipments] == [[True], [False], []]
    assert shipments[0].orders[0].external_ref == "000000009"


async def test_of_an_invoice_that_counts_all_invoices_of_its_orders_are_read() -> None:
    async with pair() as both:
        await fill(both)
        counts = await invoice_reader(both.client).read("Invoice/AR-S1", PLAIN)
        asked = await both.site.control("GET", "requests?path=SalesOrder")
        balanced = await invoice_reader(both.client).read("Invoice/AR-S2", PLAIN)
        asked_after = await both.site.control("GET", "requests?path=SalesOrder")

    assert isinstance(counts, InvoiceWithOrders)
    (order,) = counts.orders
    assert (order.external_ref, [(each.inventory_id, each.quantity) for each in order.lines]) == (
        "000000009",
        [("AC-1000", Decimal(2)), ("AC-1001", Decimal(1))],
    )
    assert [(each.reference_number, each.is_released) for each in order.invoices] == [("AR-S1", True), ("AR-S2", False)]
    assert isinstance(balanced, InvoiceWithOrders)
    assert balanced.orders == ()
    assert asked["total"] == asked_after["total"] == 1


async def test_a_customer_comes_with_the_definitions_only_where_attributes_go_to_the_shop() -> None:
    attributes = [{"AttributeID": "COLOUR", "Value": "RED"}, {"AttributeID": "GONE", "Value": "x"}]
    async with pair() as both:
        await both.site.control("POST", "records/Customer", {"CustomerID": "C000001", "Attributes": attributes})
        told = await customer_reader(both.client).read("C000001", WITH_ATTRIBUTES)
        asked = await both.site.control("GET", "requests?path=AttributeDefinition")
        plain = await customer_reader(both.client).read("C000001", PLAIN)
        asked_after = await both.site.control("GET", "requests?path=AttributeDefinition")

    assert isinstance(told, CustomerWithDefinitions)
    assert [option.value for option in told.definitions["COLOUR"].options] == ["RED", "BLUE", "GREEN"]
    assert set(told.definitions) == {"COLOUR"}
    assert isinstance(plain, CustomerWithDefinitions)
    assert asked["total"] == asked_after["total"] == 2


def readers(client: AcumaticaClient) -> dict[str, RecordReader[object]]:
    return {
        "SO/NO": order_reader(client),
        "NO": shipment_reader(client),
        "Invoice/NO": invoice_reader(client),
        "C-NO": customer_reader(client),
    }


async def test_what_the_erp_does_not_have_is_none_and_an_erp_that_is_away_blames_nobody() -> None:
    async with pair() as both:
        missing = [await reader.read(key, PLAIN) for key, reader in readers(both.client).items()]
        wrong = await order_reader(both.client).read("000101", PLAIN)
        await both.site.control("PUT", "faults", {"mode": "down"})
        away = [await reader.read(key, PLAIN) for key, reader in readers(both.client).items()]

    assert missing == [None] * 4
    assert isinstance(wrong, Refused)
    assert wrong.error_class == "validation"
    assert [type(each) for each in away] == [Unreachable] * 4


def due(key: str, *, tries: int = 0) -> DueKey:
    return DueKey(
        event_type="to_magento.invoice", key=key, version=AT, changed=None, revision=1, origin="push", tries=tries
    )


async def test_a_released_invoice_tells_the_shipments_it_is_for_where_they_wait_for_it() -> None:
    async with pair() as both:
        await fill(both)
        keys = [due("Invoice/AR-S1"), due("Invoice/AR-S2"), due("Invoice/NO"), due("nonsense")]
        waiting = InvoiceEvents(InvoiceShipments(both.client), ON_RELEASE, source="acumatica/Shop")
        looks = await waiting.read(keys)
        asked = await both.site.control("GET", "requests?path=SalesInvoice")
        confirmed = InvoiceEvents(InvoiceShipments(both.client), AS_SHIPPED, source="acumatica/Shop")
        plain = await confirmed.read(keys)
        asked_after = await both.site.control("GET", "requests?path=SalesInvoice")

    told = [[(event.type, event.subject) for event in look] for look in looks if isinstance(look, tuple)]
    assert told == [
        [("to_magento.invoice", "Invoice/AR-S1"), ("to_magento.shipment", "S1")],
        [("to_magento.invoice", "Invoice/AR-S2")],
        [("to_magento.invoice", "Invoice/NO")],
        [("to_magento.invoice", "nonsense")],
    ]
    assert len({event.id for look in looks if isinstance(look, tuple) for event in look}) == 5
    assert [len(look) for look in plain if isinstance(look, tuple)] == [1, 1, 1, 1]
    assert asked["total"] == asked_after["total"]


async def test_an_erp_that_is_away_leaves_the_keys_of_invoices_waiting() -> None:
    async with pair() as both:
        await both.site.control("PUT", "faults", {"mode": "down"})
        waiting = InvoiceEvents(InvoiceShipments(both.client), ON_RELEASE, source="acumatica/Shop")

        with pytest.raises(SourceUnavailable):
            await waiting.read([due("Invoice/AR-S1")])


async def test_an_invoice_that_the_erp_refuses_to_show_does_not_hold_the_others_up_for_good() -> None:
    async with pair() as both:
        await fill(both)
        waiting = InvoiceEvents(InvoiceShipments(both.client), ON_RELEASE, source="acumatica/Shop")
        await both.site.control("PUT", "faults", {"mode": "error_500", "path": "AR-S2"})

        with pytest.raises(SourceUnavailable):
            await waiting.read([due("Invoice/AR-S1"), due("Invoice/AR-S2", tries=2)])
        released, refused = await waiting.read([due("Invoice/AR-S1"), due("Invoice/AR-S2", tries=3)])
        await both.site.control("PUT", "faults", {"mode": "down"})
        with pytest.raises(SourceUnavailable):
            await waiting.read([due("Invoice/AR-S1", tries=99)])

    assert [len(look) for look in (released, refused) if isinstance(look, tuple)] == [2, 1]


@pytest.mark.parametrize(("days", "expected"), [(30, {"SO/000101"}), (0, {"SO/000101", "WO/W-000001"})])
async def test_a_run_of_everything_leaves_documents_alone_that_have_rested(days: int, expected: set[str]) -> None:
    held = InForce(ConnectorSettings.from_document({"orders": {"look_back_days": days}}))
    async with pair() as both:
        await fill(both)
        lister = ErpChanges(
            both.client,
            "order",
            steps_of(["to_magento.order_status"], LISTED),
            FakeSyncCursors(),
            settings=held,
            horizon=partial(horizon, SystemClock(), held),
        )
        page = await lister.page(since=None, position="")
        await both.site.control("POST", "records/SalesOrder", {"OrderType": "WO", "OrderNbr": "W-000001", "Hold": True})
        changed = await lister.page(since=AT, position="")

    assert {each.key for each in page.keys} == expected
    assert "WO/W-000001" in {each.key for each in changed.keys}


@pytest.mark.parametrize(
    ("kind", "key"),
    [("customer", "C000003"), ("order_status", "SO/000101"), ("shipment", "S2"), ("invoice", "Invoice/AR-S1")],
)
async def test_a_complete_run_finds_the_keys_in_the_form_of_their_events(kind: str, key: str) -> None:
    event_type = f"to_magento.{kind}"
    async with pair() as both:
        await fill(both)
        lister = ErpChanges(
            both.client, event_type, steps_of([event_type], LISTED), FakeSyncCursors(), settings=AS_SHIPPED
        )
        page = await lister.page(since=None, position="")

    assert key in {each.key for each in page.keys}
    assert page.next_position == ""
