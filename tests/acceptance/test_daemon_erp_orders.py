"""What becomes of the shop's orders in the ERP, from outside: status, shipments, invoices."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from queues.settings import QueueProcessingSettings
from tests.acceptance.erp_site import joined, outcomes
from tests.acceptance.site import Site
from tests.erp_documents import invoice, sales_order, shipment

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER_STATUS: Final = "to_magento.order_status"
SHIPMENT: Final = "to_magento.shipment"
INVOICE: Final = "to_magento.invoice"
ON: Final[dict[str, Any]] = {
    "syncs": {"order": {"enabled": True, "individual": True}},
    "orders": {"types_to_shop": ["SO"]},
}
ONCE: Final = QueueProcessingSettings(retry_count=1, check_process_time=1, process_sleep_time=1)
NOT_THE_SHOPS: Final = "P-4711"


def reasons(outcomes: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {key: reason.partition(":")[0] for key, (_, reason) in outcomes.items()}


async def test_the_status_of_an_order_follows_the_erp(own_site: Site) -> None:
    async with joined(own_site, ON) as (connector, erp):
        number = await own_site.store.order({"AC-1000": 2})
        lines = {"AC-1000": 2}
        await connector.pause(ORDER_STATUS)
        given = [
            sales_order("000101", number, lines, Status="On Hold"),
            sales_order("000102", None, lines, Status="On Hold"),
            sales_order("000103", number, lines, OrderType="CT"),
            sales_order("000104", number, lines, Status="Risk Hold"),
        ]
        await erp.control("POST", "records/SalesOrder", given)
        await connector.wait_until_waiting(ORDER_STATUS, 4)
        await connector.run_to_its_end(ORDER_STATUS)
        first = await outcomes(connector, ORDER_STATUS)
        held = await own_site.store.order_numbered(number)
        await erp.control("POST", "records/SalesOrder?push=0", sales_order("000101", number, lines, Status="Canceled"))
        await connector.api.post("syncs/order_status/records", {"keys": ["SO/000101"]})
        await connector.wait_until_waiting(ORDER_STATUS, 1)
        await connector.run_to_its_end(ORDER_STATUS)
        cancelled = await own_site.store.order_numbered(number)
        requests = [each for each in await own_site.store.requests("orders/") if each.method != "GET"]

    assert reasons(first) == {
        "SO/000101": "",
        "SO/000102": "not_from_shop",
        "CT/000103": "order_type",
        "SO/000104": "status_not_mapped",
    }
    assert (held["status"], cancelled["status"]) == ("holded", "canceled")
    assert [(each.path.rpartition("/")[2], each.status, each.schema_valid) for each in requests] == [
        ("hold", 200, True), ("unhold", 200, True), ("cancel", 200, True),
    ]  # fmt: skip


async def test_a_shipment_is_made_once_and_what_was_wrong_is_mended_and_reprocessed(own_site: Site) -> None:
    await own_site.put_settings(ONCE)
    carriers = {"mappings": {"carriers": [{"ship_via": "GROUND", "carrier": "ups", "title": "UPS Ground"}]}}
    async with joined(own_site, {**ON, **carriers}) as (connector, erp):
        number = await own_site.store.order({"AC-1000": 3, "AC-1001": 1})
        other = await own_site.store.order({"AC-1000": 1})
        orders = [
            sales_order("000201", number, {"AC-1000": 3, "AC-1001": 1}),
            sales_order("000202", None, {"AC-1000": 1}),
            sales_order("000203", NOT_THE_SHOPS, {"AC-1000": 1}),
        ]
        await erp.control("POST", "records/SalesOrder?push=0", orders)
        await connector.pause(SHIPMENT)
        given = [
            shipment("S1", "000201", {"AC-1000": 2}, "1Z0001"),
            shipment("S2", "000202", {"AC-1000": 1}),
            shipment("S3", "000203", {"AC-1000": 1}),
            shipment("S4", "000201", {"AC-1001": 2}),
            shipment("S5", "000201", {"AC-1000": 1}, "V0001", Type="Drop-Shipment"),
        ]
        await erp.control("POST", "records/Shipment", given)
        await connector.wait_until_waiting(SHIPMENT, 5)
        await connector.run_to_its_end(SHIPMENT)
        first = await outcomes(connector, SHIPMENT)
        letters = {each["key"]: each for each in await connector.letters()}

        # A person mends order, shipment and setting, and has the Failed messages sent again; S1 is told once more.
        mended = {"OrderType": "SO", "OrderNbr": "000203", "ExternalRef": other}
        await erp.control("POST", "records/SalesOrder?push=0", mended)
        await erp.control("POST", "records/Shipment?push=0", shipment("S4", "000201", {"AC-1001": 1}))
        await connector.api.call("PATCH", "settings", document={"shipment": {"dropship_ship_via": "Vendor"}})
        await connector.pause(SHIPMENT)
        await connector.api.post("syncs/shipment/records", {"keys": ["S1"]})
        for letter in letters.values():
            await connector.api.post(f"dead-letters/{letter['id']}/reprocess")
        await connector.wait_until_waiting(SHIPMENT, 4)
        await connector.run_to_its_end(SHIPMENT)

        shop = {
            document["comments"][0]["comment"]: (
                document["order_id"],
                {item["sku"]: item["qty"] for item in document["items"]},
                [(track["track_number"], track["carrier_code"], track["title"]) for track in document["tracks"]],
            )
            for document in await own_site.store.listed("shipments")
        }
        ids = [(await own_site.store.order_numbered(each))["entity_id"] for each in (number, other)]
        requests = [each for each in await own_site.store.requests("/ship") if each.method == "POST"]

    assert reasons(first)["S2"] == "not_from_shop"
    assert {key: each["error_class"] for key, each in letters.items()} == {
        "S3": "not_found", "S4": "conflict", "S5": "mapping",
    }  # fmt: skip
    for key, said in (
        ("S3", f"the store has no order {NOT_THE_SHOPS}; mend the External Reference of the order in the ERP"),
        ("S4", "2 of AC-1001 to ship, only 1 left in order"),
        ("S5", "shipment.dropship_ship_via is not chosen"),
    ):
        assert said in letters[key]["error"]
    assert shop == {
        "ERP shipment S1": (ids[0], {"AC-1000": 2}, [("1Z0001", "ups", "UPS Ground")]),
        "ERP shipment S3": (ids[1], {"AC-1000": 1}, []),
        "ERP shipment S4": (ids[0], {"AC-1001": 1}, []),
        "ERP shipment S5": (ids[0], {"AC-1000": 1}, [("V0001", "custom", "Vendor")]),
    }
    assert [(each.status, each.schema_valid) for each in requests] == [(200, True)] * 4


async def test_invoices_release_shipments_and_the_last_one_completes_the_order(own_site: Site) -> None:
    async with joined(own_site, {**ON, "shipment": {"trigger": "invoice_release"}}) as (connector, erp):
        number = await own_site.store.order({"AC-1000": 2, "AC-1001": 1})
        links = [
            {"ShipmentNbr": each, "ShipmentType": "Shipment", "InvoiceType": "Invoice", "InvoiceNbr": f"AR-{each}"}
            for each in ("S11", "S12")
        ]
        orders = [
            sales_order("000301", number, {"AC-1000": 2, "AC-1001": 1}, Shipments=links),
            sales_order("000302", None, {"AC-1000": 1}),
        ]
        shipments = [
            shipment("S11", "000301", {"AC-1000": 2}, "1Z11", InvoiceNbr="AR-S11"),
            shipment("S12", "000301", {"AC-1001": 1}, "1Z12", InvoiceNbr="AR-S12"),
        ]
        invoices = [
            invoice("AR-S11", "000301", {"AC-1000": 2}, shipment="S11"),
            invoice("AR-S12", "000301", {"AC-1001": 1}, shipment="S12"),
            invoice("AR-OWN", "000302", {"AC-1000": 1}, shipment=None),
        ]
        for entity, records in (("SalesOrder", orders), ("Shipment", shipments), ("SalesInvoice", invoices)):
            await erp.control("POST", f"records/{entity}?push=0", records)

        async def release_and_run(shipped: int, *numbers: str, push: int) -> Mapping[str, tuple[str, str]]:
            for queue in (SHIPMENT, INVOICE):
                await connector.pause(queue)
            released = [{"Type": "Invoice", "ReferenceNbr": each, "Status": "Open"} for each in numbers]
            await erp.control("POST", f"records/SalesInvoice?push={push}", released)
            if not push:
                keys = [f"Invoice/{each}" for each in numbers]
                await connector.api.post("syncs/invoice/records", {"keys": keys})
            await connector.wait_until_waiting(SHIPMENT, shipped)
            await connector.wait_until_waiting(INVOICE, len(numbers))
            await connector.run_to_its_end(SHIPMENT)
            await connector.run_to_its_end(INVOICE)
            return await outcomes(connector, INVOICE)

        first = await release_and_run(1, "AR-S11", "AR-OWN", push=1)
        partly = await own_site.store.listed("invoices")
        shipped = [each["tracks"][0]["track_number"] for each in await own_site.store.listed("shipments")]
        await release_and_run(2, "AR-S11", "AR-S12", push=0)

        (made,) = await own_site.store.listed("invoices")
        order = await own_site.store.order_numbered(number)
        tracks = [each["tracks"][0]["track_number"] for each in await own_site.store.listed("shipments")]
        requests = await own_site.store.requests("/V1/order/")

    assert reasons(first) == {"Invoice/AR-S11": "partly_invoiced", "Invoice/AR-OWN": "not_from_shop"}
    assert (partly, shipped, sorted(tracks)) == ([], ["1Z11"], ["1Z11", "1Z12"])
    assert {item["sku"]: item["qty"] for item in made["items"]} == {"AC-1000": 2, "AC-1001": 1}
    assert [each["comment"] for each in made["comments"]] == ["ERP invoice AR-S11, AR-S12"]
    assert (order["state"], order["status"]) == ("complete", "complete")
    assert [(each.method, each.status, each.schema_valid) for each in requests] == [("POST", 200, True)] * 3
