"""Calls find their row of the endpoint table by what they ask for as shipped, and go where the row says."""

import re
from dataclasses import replace

import pytest

from daemon.serve.endpoints import RoutesInForce
from daemon.settings.connector_store import DocumentInForce, Versions
from daemon.settings.document.endpoints import ACUMATICA, MAGENTO, Endpoint, Endpoints, Method
from daemon.settings.document.routing import Address, EndpointRoutes
from daemon.settings.document.scopes import SettingsDocument
from queues.errors import DatabaseUnavailable
from queues.settings import QueueProcessingSettings
from tests.magento_contract import operations


def moved(shipped: tuple[Endpoint, ...], action: str, url: str, method: Method | None = None) -> EndpointRoutes:
    told = tuple(replace(row, url=url, method=method or row.method) if row.action == action else row for row in shipped)
    return EndpointRoutes(shipped, told)


def address(text: str) -> Address:
    method, _, path = text.partition(" ")
    assert method in ("GET", "POST", "PUT", "DELETE")
    return Address(method, tuple(path.split("/")))  # type: ignore[arg-type]  # asserted just now


@pytest.mark.parametrize(("shipped", "in_force"), [(MAGENTO, Endpoints().magento), (ACUMATICA, Endpoints().acumatica)])
def test_as_shipped_every_call_goes_where_it_was_written_for(
    shipped: tuple[Endpoint, ...], in_force: tuple[Endpoint, ...]
) -> None:
    routes = EndpointRoutes(shipped, in_force)

    for row in shipped:
        call = Address(row.method, tuple(row.url.split("/")))
        assert routes.route(call, action=row.action) is call


@pytest.mark.parametrize(
    ("action", "url", "call", "goes"),
    [
        ("pricing", "V1/acme/prices", "POST V1/products/base-prices", "POST V1/acme/prices"),
        ("product", "V1/acme/{sku}/product", "PUT V1/products/A 1", "PUT V1/acme/A 1/product"),
        ("product_create", "V2/products", "POST V1/products", "POST V2/products"),
        # What several rows would fit belongs to the one with the longer URL, and a row's own method.
        ("product_create", "V2/products", "POST V1/products/base-prices", "POST V1/products/base-prices"),
        ("product_create", "V2/products", "PUT V1/products/A", "PUT V1/products/A"),
        ("category_move", "V1/c-{id}/up", "PUT V1/categories/7/move", "PUT V1/c-7/up"),
        ("verify_attributes", "V1/acme/attributes", "GET V1/products/attributes/color", "GET V1/acme/attributes/color"),
        # Only reading goes on below a row.
        (
            "attribute_create",
            "V1/acme/a",
            "POST V1/products/attributes/color/options",
            "POST V1/products/attributes/color/options",
        ),
        ("product_delete", "V1/acme/{sku}", "DELETE V1/products/A/media/7", "DELETE V1/products/A/media/7"),
    ],
)
def test_a_call_to_the_shop_goes_where_its_row_says(action: str, url: str, call: str, goes: str) -> None:
    assert moved(MAGENTO, action, url).route(address(call)) == address(goes)


@pytest.mark.parametrize(
    ("action", "url", "call", "goes"),
    [
        ("stock_item", "KNStockItem", "GET StockItem/AC-1", "GET KNStockItem/AC-1"),
        ("customer_data_retrieval", "KNCustomer/{key}", "GET Customer/C1", "GET KNCustomer/C1"),
        ("customer_data_retrieval", "KNCustomer/{key}", "GET Customer/$adHocSchema", "GET Customer/$adHocSchema"),
        ("customer_schema", "KNCustomer/$adHocSchema", "GET Customer/$adHocSchema", "GET KNCustomer/$adHocSchema"),
        ("sales_order_retrieval", "KN/{number}/{type}", "GET SalesOrder/SO/7", "GET KN/7/SO"),
        ("storage_details", "KNStorage", "PUT StorageDetailsInquiry", "PUT KNStorage"),
    ],
)
def test_a_call_to_the_erp_goes_where_its_row_says(action: str, url: str, call: str, goes: str) -> None:
    assert moved(ACUMATICA, action, url).route(address(call)) == address(goes)


def test_of_rows_with_one_address_the_action_that_is_named_counts() -> None:
    routes = moved(MAGENTO, "product_status", "V1/acme/{sku}/status", "POST")
    call = address("PUT V1/products/A")

    assert routes.route(call, action="product_status") == address("POST V1/acme/A/status")
    assert routes.route(call, action="product_links") == call
    assert routes.route(call) == call


def test_every_row_for_the_shop_is_an_operation_of_its_published_contract() -> None:
    published = {(method, re.sub(r"\{\w+\}", "{}", path.removeprefix("/"))) for method, path in operations()}

    missing = [row.action for row in MAGENTO if (row.method, re.sub(r"\{\w+\}", "{}", row.url)) not in published]

    # The contract that was recorded leaves tax classes out; the sandbox knows them.
    assert missing == ["tax_class"]


class Settings:
    """Settings that can go away."""

    def __init__(self, url: str) -> None:
        row = {"action": "pricing", "label": "Pricing Sync", "method": "POST", "url": url}
        self._document = SettingsDocument.from_document({"endpoints": {"magento": [row]}})
        self.away = False

    async def recent(self) -> DocumentInForce:
        if self.away:
            raise DatabaseUnavailable("no answer")
        return DocumentInForce(versions=Versions(1, 0), document=self._document, queue=QueueProcessingSettings())


async def test_while_the_settings_cannot_be_read_the_last_table_holds() -> None:
    settings = Settings("V1/acme/prices")
    routes = RoutesInForce(settings, "magento")
    call = address("POST V1/products/base-prices")

    told = await routes.route(call, action=None)
    settings.away = True
    held = await routes.route(call, action=None)
    never_read = await RoutesInForce(settings, "magento").route(call, action=None)

    assert (told, held, never_read) == (address("POST V1/acme/prices"), address("POST V1/acme/prices"), call)
