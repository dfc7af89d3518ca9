"""The simulated Acumatica has the habits of the real one."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from daemon.sandbox.acumatica.catalogue import fill_items
from daemon.sandbox.acumatica.contract import load_contract
from daemon.sandbox.acumatica.site import Site
from tests.acumatica_site import LOGIN, SMALL, site
from tests.erp_documents import sales_order, shipment


async def test_bad_credentials_answer_500_with_a_stack_trace() -> None:
    async with site(sign_in=False) as client:
        answer = await client.send("POST", "/entity/auth/login", {**LOGIN, "password": "wrong"})

    assert answer.status == 500
    assert answer.document["exceptionMessage"] == "Error: Invalid credentials. Please try again."
    assert answer.document["exceptionType"] == "PX.Data.PXException"
    assert answer.document["stackTrace"]


async def test_an_unknown_tenant_is_refused_only_where_there_are_several() -> None:
    async with site(sign_in=False) as client:
        refused = await client.send("POST", "/entity/auth/login", {**LOGIN, "tenant": "NoSuch"})
    async with site(replace(SMALL, tenants=("Shop",)), sign_in=False) as client:
        taken = await client.send("POST", "/entity/auth/login", {**LOGIN, "tenant": "NoSuch"})

    assert refused.document["exceptionType"] == "PX.Data.PXUndefinedCompanyException"
    assert taken.status == 204


async def test_sessions_hold_slots_until_they_are_signed_out() -> None:
    async with site(replace(SMALL, api_users=1)) as client, aiohttp.ClientSession() as other:
        login = f"{client.running.url}/entity/auth/login"
        async with other.post(login, json=LOGIN) as refused:
            assert refused.status == 500
            assert "API Login Limit" in await refused.text()
        assert (await client.send("POST", "/entity/auth/logout", b"")).status == 204
        async with other.post(login, json=LOGIN) as taken:
            assert taken.status == 204


async def test_without_a_session_there_is_401() -> None:
    async with site(sign_in=False) as client:
        assert (await client.endpoint("GET", "StockItem")).status == 401


async def test_refresh_tokens_rotate_and_a_spent_one_is_refused() -> None:
    async with site(sign_in=False) as client:

        async def token(**form: str) -> tuple[int, dict[str, str]]:
            whole = {"client_id": SMALL.client_id, "client_secret": SMALL.client_secret, **form}
            async with client.session.post(f"{client.running.url}/identity/connect/token", data=whole) as answer:
                return answer.status, await answer.json()

        _, first = await token(
            grant_type="password", username=SMALL.username, password=SMALL.password, scope="api offline_access"
        )
        _, second = await token(grant_type="refresh_token", refresh_token=first["refresh_token"])
        status, spent = await token(grant_type="refresh_token", refresh_token=first["refresh_token"])
        answer = await client.endpoint("GET", "TaxCategory", Authorization=f"Bearer {second['access_token']}")
        sessions = await client.control("GET", "sessions")

    assert (status, spent) == (400, {"error": "invalid_grant"})
    assert answer.status == 200
    assert sessions["open"] == 1


async def test_a_null_is_an_object_without_value_and_numbers_have_decimals() -> None:
    async with site() as client:
        answer = await client.endpoint("GET", "Customer/C000002?$select=CustomerID,PriceClassID")
        order = await client.endpoint("GET", "SalesOrder/WO/W-000001?$select=OrderTotal")

    assert answer.document["PriceClassID"] == {}
    assert set(answer.document) == {"id", "rowNumber", "note", "CustomerID", "PriceClassID", "custom"}
    assert order.document["OrderTotal"] == {"value": 25.0}


async def test_an_unknown_field_is_ignored_without_a_word_but_noted_in_the_journal() -> None:
    order = {
        "CustomerID": {"value": "C000001"},
        "OrderTotal": {"value": 25},
        "Details": [{"InventoryID": {"value": "AC-1001"}, "Quantity": {"value": 2}, "UnitPrice": {"value": 12.5}}],
    }
    async with site() as client:
        answer = await client.endpoint("PUT", "SalesOrder?$expand=Details", order)
        journal = (await client.control("GET", "requests?path=SalesOrder"))["items"]

    assert answer.status == 200
    assert answer.document["OrderTotal"] == {"value": 0.0}
    assert answer.document["Status"] == {"value": "On Hold"}
    assert answer.document["Details"][0]["OrderQty"] == {"value": 0.0}
    assert journal[0]["schema_errors"] == ["Details.Quantity: not in the contract"]


async def test_an_auto_numbered_key_is_dropped_so_repeating_makes_another_record() -> None:
    customer = {"CustomerID": {"value": "M2-1042"}, "CustomerName": {"value": "Ada Byrd"}}
    async with site() as client:
        first = await client.endpoint("PUT", "Customer", customer)
        second = await client.endpoint("PUT", "Customer", customer)

    assert first.document["CustomerID"] == {"value": "C004001"}
    assert second.document["CustomerID"] == {"value": "C004002"}


async def test_a_refused_field_carries_its_error_inside_the_record() -> None:
    async with site() as client:
        answer = await client.endpoint("PUT", "SalesOrder", {"CustomerID": {"value": "WEB00X"}})

    assert answer.status == 422
    assert answer.document["CustomerID"] == {
        "value": "WEB00X",
        "error": "'Customer' cannot be found in the system.",
    }


async def test_conditions_are_the_two_that_exist() -> None:
    item = {"InventoryID": {"value": "AC-1001"}, "Description": {"value": "New"}}
    async with site() as client:
        create_only = await client.endpoint("PUT", "StockItem", item, **{"If-None-Match": "*"})
        update_only = await client.endpoint("PUT", "Customer", {"CustomerID": {"value": "X"}}, **{"If-Match": "*"})
        patched = await client.endpoint("PATCH", "StockItem", {"InventoryID": {"value": "NONE"}})

    assert (create_only.status, update_only.status, patched.status) == (412, 412, 404)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("InventoryID eq 'ac-1001'", ["AC-1001"]),
        ("startswith(InventoryID,'AC-100') and DefaultPrice lt 90.5M", ["AC-1000", "AC-1001"]),
        ("substringof('HINGE 1001',Description)", ["AC-1001"]),
        ("ItemStatus eq 'Inactive' or InventoryID eq 'AC-1002'", ["AC-1002"]),
        ("not (ItemStatus eq 'Active')", []),
        ("LastModified gt datetimeoffset'2026-01-05T09:00:00.000+01:00'", []),
        ("LastModified ge datetimeoffset'2026-01-05T08:00:00Z' and InventoryID ge 'AC-1011'", ["AC-1011"]),
        ("Description eq 'it''s'", []),
    ],
)
async def test_filters_are_odata_v3(condition: str, found: list[str]) -> None:
    async with site() as client:
        answer = await client.endpoint("GET", f"StockItem?$select=InventoryID&$filter={quote(condition)}")

    assert answer.status == 200, answer.document
    keys = sorted(row["InventoryID"]["value"] for row in answer.document)
    assert keys == found


async def test_a_filter_on_an_unknown_field_fails() -> None:
    async with site() as client:
        answer = await client.endpoint("GET", "StockItem?$filter=NoSuch%20eq%201")

    assert answer.status == 500
    assert "NoSuch" in answer.document["exceptionMessage"]


async def test_pages_have_no_order_of_keys_and_parts_come_only_expanded() -> None:
    async with site() as client:
        first = (await client.endpoint("GET", "StockItem?$top=7&$expand=Attributes")).document
        rest = (await client.endpoint("GET", "StockItem?$top=7&$skip=7")).document

    keys = [row["InventoryID"]["value"] for row in first + rest]
    assert len(keys) == 12
    assert keys != sorted(keys)
    assert len(set(keys)) == 12
    assert first[0]["Attributes"][0]["AttributeID"] == {"value": "COLOUR"}
    assert "Attributes" not in rest[0]


async def test_inquiries_are_read_with_put_and_pad_their_keys() -> None:
    async with site() as client:
        answer = await client.endpoint(
            "PUT", "StorageDetailsInquiry?$expand=StorageDetails", {"WarehouseID": {"value": "WEST"}}
        )

    rows = answer.document["StorageDetails"]
    assert len(rows) == 12
    assert all(len(row["InventoryID"]["value"]) == 30 for row in rows)
    assert {row["WarehouseID"]["value"].rstrip() for row in rows} == {"WEST"}


async def test_a_list_that_cannot_be_optimised_fails_naming_the_part() -> None:
    async with site() as client:
        answer = await client.endpoint("GET", "Payment?$expand=ApplicationHistory")

    assert answer.document["exceptionType"].endswith("CannotOptimizeException")


async def test_an_action_runs_blocks_its_form_in_the_session_and_ends() -> None:
    body = {"entity": {"Type": {"value": "Invoice"}, "ReferenceNbr": {"value": "AR000001"}}}
    async with site() as client:
        await client.control(
            "POST", "records/SalesInvoice", {"Type": "Invoice", "ReferenceNbr": "AR000001", "Status": "Balanced"}
        )
        begun = await client.endpoint("POST", "SalesInvoice/ReleaseSalesInvoice", body)
        blocked = await client.endpoint("GET", "SalesInvoice/Invoice/AR000001")
        asked = [(await client.send("GET", begun.headers["Location"])).status for _ in range(2)]
        released = await client.endpoint("GET", "SalesInvoice/Invoice/AR000001")
        again = await client.endpoint("POST", "SalesInvoice/ReleaseSalesInvoice", body)
        failed = [await client.send("GET", again.headers["Location"]) for _ in range(2)][-1]

    assert (begun.status, blocked.status, asked) == (202, 500, [202, 204])
    assert released.document["Status"] == {"value": "Open"}
    assert failed.status == 500
    assert failed.document["innerException"]["exceptionMessage"] == "The document has already been released."


async def test_prices_and_parts_change_without_moving_the_stamp_of_the_item() -> None:
    async with site() as client:
        before = await client.endpoint("GET", "StockItem/AC-1001")
        await client.control("POST", "records/StockItem", {"InventoryID": "AC-1001", "DefaultPrice": "99.90"})
        priced = await client.endpoint("GET", "StockItem/AC-1001")
        await client.control("POST", "records/StockItem", {"InventoryID": "AC-1001", "Description": "Other"})
        described = await client.endpoint("GET", "StockItem/AC-1001")

    assert priced.document["DefaultPrice"] == {"value": 99.9}
    assert priced.document["LastModified"] == before.document["LastModified"]
    assert described.document["LastModified"] != before.document["LastModified"]


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("rate_limited", 429),
        ("error_500", 500),
        ("html", 200),
        ("redirect", 302),
        ("session_lost", 401),
        ("forbidden", 403),
    ],
)
async def test_switches_answer_in_the_place_of_the_site(mode: str, status: int) -> None:
    async with site() as client:
        await client.control("PUT", "faults", {"mode": mode, "count": 1, "path": "StockItem"})
        wrong = await client.endpoint("GET", "StockItem?$top=1")
        right = await client.endpoint("GET", "StockItem?$top=1")

    assert (wrong.status, right.status) == (status, 200)


async def test_a_cut_connection_has_no_answer_though_the_call_was_carried_out() -> None:
    body = {"entity": {"ShipmentNbr": {"value": "000001"}}}
    async with site() as client:
        await client.control("PUT", "faults", {"mode": "reset_after", "count": 1, "path": "PrepareInvoice"})

        with pytest.raises(aiohttp.ClientError):
            await client.endpoint("POST", "Shipment/PrepareInvoice", body)

        await client.control("DELETE", "sessions")
        await client.send("POST", "/entity/auth/login", LOGIN)
        assert (await client.endpoint("GET", "Shipment/000001")).document["Status"] == {"value": "Invoiced"}


async def test_documents_made_of_each_other_show_each_other() -> None:
    order = sales_order("000101", "000000009", {"AC-1000": 2, "AC-1001": 1})
    shipments = [
        {**shipment("S1", "000101", {"AC-1000": 2}), "Status": "Open", "Orders": []},
        {**shipment("S2", "000101", {"AC-1001": 1}), "Status": "Open", "Orders": []},
    ]
    for line_number, each in enumerate(shipments, start=1):
        each["Details"][0]["OrderLineNbr"] = line_number
    async with site(replace(SMALL, action_polls=0)) as client:
        await client.control("POST", "records/SalesOrder", order)
        await client.control("POST", "records/Shipment", shipments)

        async def act(action: str, number: str) -> Any:  # noqa: ANN401 - JSON
            body = {"entity": {"ShipmentNbr": {"value": number}}}
            assert (await client.endpoint("POST", f"Shipment/{action}", body)).status == 204
            return await client.control("GET", "records/SalesOrder/SO/000101")

        partly = await act("ConfirmShipment", "S1")
        await act("PrepareInvoice", "S1")
        whole = await act("ConfirmShipment", "S2")
        shipped = await client.control("GET", "records/Shipment/S1")
        (number,) = [each["InvoiceNbr"] for each in shipped["Orders"]]
        invoice = await client.control("GET", f"records/SalesInvoice/Invoice/{number}")

    assert (partly["Status"], whole["Status"]) == ("Back Order", "Completed")
    assert [line["QtyOnShipments"] for line in whole["Details"]] == ["2", "1"]
    assert [(each["ShipmentNbr"], each.get("InvoiceNbr")) for each in whole["Shipments"]] == [
        ("S1", number), ("S2", None),
    ]  # fmt: skip
    assert [(line["ShipmentNbr"], line["OrderNbr"], line["Qty"]) for line in invoice["Details"]] == [
        ("S1", "000101", "2"),
    ]  # fmt: skip


async def test_pushes_tell_rows_that_entered_and_left_and_are_tried_again() -> None:
    received: list[dict[str, object]] = []
    answers = [500, 204, 204]

    async def webhook(request: web.Request) -> web.Response:
        assert request.headers["X-Sync"] == "secret"
        received.append(await request.json())
        return web.Response(status=answers[len(received) - 1])

    app = web.Application()
    app.router.add_post("/hook", webhook)
    runner = web.AppRunner(app)
    await runner.setup()
    hook = web.TCPSite(runner, "127.0.0.1", 0)
    await hook.start()
    try:
        async with site() as client:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
            await client.control("PUT", "push", {"url": url, "header_name": "X-Sync", "header_value": "secret"})
            await client.control("POST", "records/StockItem", {"InventoryID": "AC-1001", "ItemStatus": "Inactive"})
            counts = await client.control("GET", "push/drained")
    finally:
        await runner.cleanup()

    first, again = received
    assert first == again
    assert first["Query"] == "SYNC-StockItems"
    assert first["CompanyId"] == "Shop"
    assert isinstance(first["TimeStamp"], int)
    assert first["TimeStamp"] > 2**53
    inserted, deleted = first["Inserted"], first["Deleted"]
    assert isinstance(inserted, list)
    assert isinstance(deleted, list)
    assert inserted[0]["InventoryID"] == "AC-1001".ljust(30)
    assert (deleted[0]["ItemStatus"], inserted[0]["ItemStatus"]) == ("Active", "Inactive")
    assert "+" not in inserted[0]["InventoryItem_lastModifiedDateTime"]
    assert (counts["sent"], counts["tries"]) == (1, 2)


def test_ten_thousand_items_are_loaded_with_their_prices_and_stock() -> None:
    store = Site(load_contract())

    fill_items(store, 10_000)

    assert len(store.table("StockItem").rows) == 10_000
    assert len(store.table("StorageDetail").rows) == 20_000
    row = store.find("SalesPriceDetail", 10_000)
    assert row is not None
    assert row.values["Price"] == Decimal("5.00") + Decimal(37 * 1_000 % 9_500) / 100
