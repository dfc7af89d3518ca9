"""`endpoints`: where the calls of each action go, one table per side (R55 to R58, B31, B32, B55)."""

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from daemon.settings.document.groups import Rows, needed, setting
from daemon.settings.document.kinds import Choice, Text
from queues.errors import SettingFault

Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]

_ACTION: Final = Text(pattern="[a-z][a-z0-9_]{1,63}", expected="an action name: a-z, 0-9 and _")
_URL: Final = Text(
    pattern=r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))(?!.*//)[A-Za-z0-9_.~/{}$-]+",
    expected="a relative URL such as V1/products/{sku}: no scheme, host, query, blank, leading / or ..",
)
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """
    Where one action goes.

    Attributes:
        action: stable name, by which senders and readers ask for it.
        label: Action Type Description.
        method: HTTP method.
        url: relative to the REST root of the side (Magento: after `/rest/<store>/`; Acumatica: after the endpoint's
            name and version); what stands in braces is filled in.
    """

    action: str = needed(_ACTION)
    label: str = needed(Text())
    method: Method = needed(Choice(("GET", "POST", "PUT", "DELETE")))
    url: str = needed(_URL)

    @property
    def placeholders(self) -> frozenset[str]:
        """Name what is filled in."""
        return frozenset(_PLACEHOLDER.findall(self.url))


def _table(*rows: tuple[str, str, Method, str]) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(action=action, label=label, method=method, url=url) for action, label, method, url in rows)


MAGENTO: Final = _table(
    ("verify_attributes", "Verify Attributes", "GET", "V1/products/attributes"),
    ("attribute_create", "Attribute Creation", "POST", "V1/products/attributes"),
    ("attribute_options", "Manage Attribute Options", "POST", "V1/products/attributes/{code}/options"),
    ("attribute_sets", "Manage Attribute Sets", "POST", "V1/products/attribute-sets"),
    ("attribute_set_attributes", "Manage Attributeset Attributes", "POST", "V1/products/attribute-sets/attributes"),
    ("product_create", "Product Sync: new", "POST", "V1/products"),
    ("product", "Product Sync", "PUT", "V1/products/{sku}"),
    ("product_delete", "Product Deletion", "DELETE", "V1/products/{sku}"),
    ("product_status", "Product Status Update", "PUT", "V1/products/{sku}"),
    ("product_links", "Product Dependencies Update", "PUT", "V1/products/{sku}"),
    ("configurable_options", "Configurable Product Options", "POST", "V1/configurable-products/{sku}/options"),
    ("product_image", "Product Image Sync", "POST", "V1/products/{sku}/media"),
    ("product_image_update", "Product Image Sync: changed", "PUT", "V1/products/{sku}/media/{id}"),
    ("product_image_delete", "Product Image Sync: taken out", "DELETE", "V1/products/{sku}/media/{id}"),
    ("pricing", "Pricing Sync", "POST", "V1/products/base-prices"),
    ("cost", "Pricing Sync: cost", "POST", "V1/products/cost"),
    ("special_price", "Sales Price Sync: special prices", "POST", "V1/products/special-price"),
    (
        "special_price_look_up",
        "Sales Price Sync: special prices looked up",
        "POST",
        "V1/products/special-price-information",
    ),
    (
        "special_price_delete",
        "Sales Price Sync: special prices taken out",
        "POST",
        "V1/products/special-price-delete",
    ),
    ("tier_price", "Sales Price Sync: tier prices", "PUT", "V1/products/tier-prices"),
    ("tier_price_delete", "Sales Price Sync: tier prices taken out", "POST", "V1/products/tier-prices-delete"),
    ("inventory", "Inventory Sync", "POST", "V1/inventory/source-items"),
    ("category_create", "Category Sync: new", "POST", "V1/categories"),
    ("category", "Category Sync", "PUT", "V1/categories/{id}"),
    ("category_move", "Category Sync: moved", "PUT", "V1/categories/{id}/move"),
    ("category_delete", "Category Deletion", "DELETE", "V1/categories/{id}"),
    ("customer_create", "Customer Sync: new", "POST", "V1/customers"),
    ("customer", "Customer Sync", "PUT", "V1/customers/{id}"),
    ("customer_delete", "Customer Deletion", "DELETE", "V1/customers/{id}"),
    ("customer_group", "Customer Group Sync", "POST", "V1/customerGroups"),
    ("tax_class", "Tax Category Sync", "POST", "V1/taxClasses"),
    ("order", "Order Sync", "GET", "V1/orders"),
    ("order_status", "Order Status Update", "POST", "V1/orders/{id}/comments"),
    ("order_state", "Order Status Update: state", "POST", "V1/orders"),
    ("order_cancel", "Order Status Update: canceled", "POST", "V1/orders/{id}/cancel"),
    ("order_hold", "Order Status Update: put on hold", "POST", "V1/orders/{id}/hold"),
    ("order_unhold", "Order Status Update: taken off hold", "POST", "V1/orders/{id}/unhold"),
    ("shipment", "Shipment Sync", "POST", "V1/order/{id}/ship"),
    ("shipment_track", "Shipment Sync: tracking number", "POST", "V1/shipment/track"),
    ("invoice", "Invoice Sync", "POST", "V1/order/{id}/invoice"),
)
ACUMATICA: Final = _table(
    ("attribute_definition", "Attribute Definition", "GET", "AttributeDefinition"),
    ("carrier", "Carrier", "GET", "ShipVia"),
    ("category", "Item Sales Category", "GET", "ItemSalesCategory"),
    ("category_schema", "Category Schema", "GET", "ItemSalesCategory/$adHocSchema"),
    ("customer", "Customer", "PUT", "Customer"),
    ("customer_class", "Customer Class", "GET", "CustomerClass"),
    ("customer_data_retrieval", "Customer Data Retrieval", "GET", "Customer/{key}"),
    ("customer_price_class", "Customer Price Class", "GET", "CustomerPriceClass"),
    ("customer_schema", "Customer Schema", "GET", "Customer/$adHocSchema"),
    ("get_customer_by_email", "Customer by e-mail", "GET", "Customer"),
    ("item_class", "Item Class", "GET", "ItemClass"),
    ("stock_item", "Stock Item", "GET", "StockItem"),
    ("non_stock_item", "Non-Stock Item", "GET", "NonStockItem"),
    ("template_item", "Template Item", "GET", "TemplateItems"),
    ("product_schema", "Product Schema", "GET", "StockItem/$adHocSchema"),
    ("tax_category", "Tax Category", "GET", "TaxCategory"),
    ("sales_prices", "Sales Prices", "PUT", "SalesPricesInquiry"),
    ("storage_details", "Quantities", "PUT", "StorageDetailsInquiry"),
    ("inventory_summary", "Quantities of one item", "PUT", "InventorySummaryInquiry"),
    ("sales_order", "Sales Order", "PUT", "SalesOrder"),
    ("sales_order_retrieval", "Sales Order Retrieval", "GET", "SalesOrder/{type}/{number}"),
    ("shipment", "Shipment", "GET", "Shipment"),
    ("sales_invoice", "Sales Invoice", "GET", "SalesInvoice"),
    ("payment", "Payment", "PUT", "Payment"),
    ("payment_method", "Payment Method", "GET", "PaymentMethod"),
    ("warehouse", "Warehouse", "GET", "Warehouse"),
    ("sales_account", "Sales Account", "GET", "Account"),
)


@dataclass(frozen=True, slots=True)
class ShippedRows:
    """A table of endpoints to which every shipped row belongs: one that is left out is as it was shipped."""

    shipped: tuple[Endpoint, ...]

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        rows = cast("tuple[Endpoint | None, ...]", Rows(Endpoint, (("action",),)).read(value, path, faults))
        shipped = {row.action: row for row in self.shipped}
        for place, row in enumerate(rows):
            if row is not None:
                wanted = shipped.get(row.action, row).placeholders
                braces = row.url.count("{") + row.url.count("}")
                if row.placeholders != wanted or braces != 2 * len(row.placeholders):
                    names = ", ".join(f"{{{name}}}" for name in sorted(wanted)) or "nothing"
                    expected = f"a URL that fills in {names}, each once"
                    faults.append(SettingFault(field=f"{path}[{place}].url", expected=expected, value=row.url))
        told = {row.action: row for row in rows if row is not None}
        own = tuple(row for row in told.values() if row.action not in shipped)
        return tuple(told.get(row.action, row) for row in self.shipped) + own

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return Rows(Endpoint).write(value)

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return Rows(Endpoint).schema()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The two tables; the rows shipped stay, with what they fill in, and rows of the operator's own may be added."""

    magento: tuple[Endpoint, ...] = setting(ShippedRows(MAGENTO), MAGENTO)
    acumatica: tuple[Endpoint, ...] = setting(ShippedRows(ACUMATICA), ACUMATICA)

    def find(self, side: Literal["magento", "acumatica"], action: str) -> Endpoint | None:
        """Give the row of *action*; None: there is none of that name."""
        table = self.magento if side == "magento" else self.acumatica
        return next((row for row in table if row.action == action), None)
