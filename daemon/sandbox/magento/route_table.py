"""Every REST route of the simulated shop: method, path, permission, service."""

from collections.abc import Iterable

from daemon.sandbox.magento import (
    attribute_calls,
    attribute_option_calls,
    attribute_set_calls,
    base_prices,
    bulk_calls,
    category_calls,
    configurable_calls,
    costs,
    customer_calls,
    customer_group_calls,
    directory,
    gallery_calls,
    invoice_calls,
    legacy_stock,
    order_calls,
    product_link_calls,
    products,
    shipment_calls,
    source_items,
    sources,
    special_prices,
    stores,
    tax_classes,
    tier_prices,
)
from daemon.sandbox.magento.access import ANONYMOUS, Access
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.routes import Route, Service

_BULK = "Magento_Logging::system_magento_logging_bulk_operations"


def magento_routes(access: Access) -> list[Route]:
    """Every route of the shop."""
    return [
        *_catalogue(),
        *_prices(),
        *_stock(),
        *_people(),
        *_sales(),
        *_rows(
            "Magento_Backend::store",
            [
                ("GET", "store/storeConfigs", lambda call: stores.store_configs(_store_codes(call))),
                ("GET", "store/storeViews", lambda _: stores.store_views()),
                ("GET", "store/websites", lambda _: stores.websites()),
                ("GET", "store/storeGroups", lambda _: stores.store_groups()),
            ],
        ),
        *_rows("Magento_Backend::admin", [("GET", "modules", lambda _: list(stores.MODULES))]),
        *_rows(
            ANONYMOUS,
            [
                ("POST", "integration/admin/token", access.admin_token),
                ("GET", "directory/countries", directory.list_countries),
                ("GET", "directory/countries/{countryId}", directory.get_country),
                ("GET", "directory/currency", directory.currency),
            ],
        ),
        *_rows(
            _BULK,
            [
                ("GET", "bulk", bulk_calls.search_operations),
                ("GET", "bulk/{bulkUuid}/status", bulk_calls.short_status),
                ("GET", "bulk/{bulkUuid}/detailed-status", bulk_calls.detailed_status),
                ("GET", "bulk/{bulkUuid}/operation-status/{status}", bulk_calls.count_by_status),
            ],
        ),
    ]


def _catalogue() -> list[Route]:
    sets, one_set = "products/attribute-sets", "products/attribute-sets/{attributeSetId}"
    attributes, one_attribute = "products/attributes", "products/attributes/{attributeCode}"
    parent = "configurable-products/{sku}"
    return [
        *_rows(
            "Magento_Catalog::products",
            [
                ("GET", "products", products.search_products),
                ("POST", "products", products.save_product_call),
                ("GET", "products/{sku}", products.get_product),
                ("PUT", "products/{sku}", products.save_product_call),
                ("DELETE", "products/{sku}", products.delete_product),
                ("POST", "products/{sku}/websites", products.assign_website),
                ("PUT", "products/{sku}/websites", products.assign_website),
                ("DELETE", "products/{sku}/websites/{websiteId}", products.unassign_website),
                ("PUT", "products/{productSku}/stockItems/{itemId}", legacy_stock.put_stock_item),
                ("POST", f"{parent}/options", configurable_calls.add_option),
                ("GET", f"{parent}/options/all", configurable_calls.list_options),
                ("PUT", f"{parent}/options/{{id}}", configurable_calls.update_option),
                ("DELETE", f"{parent}/options/{{id}}", configurable_calls.delete_option),
                ("POST", f"{parent}/child", configurable_calls.add_child),
                ("GET", f"{parent}/children", configurable_calls.list_children),
                ("DELETE", f"{parent}/children/{{childSku}}", configurable_calls.remove_child),
            ],
        ),
        *_rows(
            "Magento_Catalog::catalog",
            [
                ("GET", "products/{sku}/media", gallery_calls.list_images),
                ("POST", "products/{sku}/media", gallery_calls.add_image),
                ("GET", "products/{sku}/media/{entryId}", gallery_calls.get_image),
                ("PUT", "products/{sku}/media/{entryId}", gallery_calls.update_image),
                ("DELETE", "products/{sku}/media/{entryId}", gallery_calls.delete_image),
                ("POST", "products/{sku}/links", product_link_calls.add_links),
                ("PUT", "products/{sku}/links", product_link_calls.add_links),
                ("GET", "products/{sku}/links/{type}", product_link_calls.list_links),
                ("DELETE", "products/{sku}/links/{type}/{linkedProductSku}", product_link_calls.delete_link),
            ],
        ),
        *_rows(
            "Magento_Catalog::attributes_attributes",
            [
                ("GET", attributes, attribute_calls.search_attributes),
                ("POST", attributes, attribute_calls.create_attribute),
                ("GET", one_attribute, attribute_calls.get_attribute),
                ("PUT", one_attribute, attribute_calls.update_attribute),
                ("DELETE", one_attribute, attribute_calls.delete_attribute),
                ("GET", f"{one_attribute}/options", attribute_option_calls.list_options),
                ("POST", f"{one_attribute}/options", attribute_option_calls.add_option),
                ("PUT", f"{one_attribute}/options/{{optionId}}", attribute_option_calls.update_option),
                ("DELETE", f"{one_attribute}/options/{{optionId}}", attribute_option_calls.delete_option),
            ],
        ),
        *_rows(
            "Magento_Catalog::sets",
            [
                ("POST", sets, attribute_set_calls.create_set),
                ("POST", "eav/attribute-sets", attribute_set_calls.create_set),
                ("GET", f"{sets}/sets/list", attribute_set_calls.search_sets),
                ("GET", one_set, attribute_set_calls.get_set),
                ("PUT", one_set, attribute_set_calls.update_set),
                ("DELETE", one_set, attribute_set_calls.delete_set),
                ("GET", f"{one_set}/attributes", attribute_set_calls.list_attributes),
                ("DELETE", f"{one_set}/attributes/{{attributeCode}}", attribute_set_calls.unassign_attribute),
                ("POST", f"{sets}/attributes", attribute_set_calls.assign_attribute),
                ("POST", f"{sets}/groups", attribute_set_calls.create_group),
                ("GET", f"{sets}/groups/list", attribute_set_calls.search_groups),
            ],
        ),
        *_rows(
            "Magento_Catalog::categories",
            [
                ("GET", "categories", category_calls.category_tree),
                ("POST", "categories", category_calls.create_category),
                ("GET", "categories/list", category_calls.search_categories),
                ("GET", "categories/{categoryId}", category_calls.get_category),
                ("DELETE", "categories/{categoryId}", category_calls.delete_category),
                ("PUT", "categories/{categoryId}/move", category_calls.move_category),
                ("PUT", "categories/{id}", category_calls.update_category),
                ("GET", "categories/{categoryId}/products", category_calls.list_products),
                ("POST", "categories/{categoryId}/products", category_calls.assign_product),
                ("PUT", "categories/{categoryId}/products", category_calls.assign_product),
                ("DELETE", "categories/{categoryId}/products/{sku}", category_calls.unassign_product),
            ],
        ),
    ]


def _prices() -> list[Route]:
    return _rows(
        "Magento_Catalog::catalog",
        [
            ("POST", "products/base-prices", base_prices.update_base_prices),
            ("POST", "products/base-prices-information", base_prices.base_price_information),
            ("POST", "products/special-price", special_prices.update_special_prices),
            ("POST", "products/special-price-delete", special_prices.delete_special_prices),
            ("POST", "products/special-price-information", special_prices.special_price_information),
            ("POST", "products/tier-prices", tier_prices.add_tier_prices),
            ("PUT", "products/tier-prices", tier_prices.replace_tier_prices),
            ("POST", "products/tier-prices-delete", tier_prices.delete_tier_prices),
            ("POST", "products/tier-prices-information", tier_prices.tier_price_information),
            ("GET", "products/{sku}/group-prices/{customerGroupId}/tiers", products.tier_list),
            ("POST", "products/cost", costs.update_costs),
            ("POST", "products/cost-delete", costs.delete_costs),
            ("POST", "products/cost-information", costs.cost_information),
        ],
    )


def _stock() -> list[Route]:
    return [
        *_rows(
            "Magento_Catalog::catalog_inventory",
            [
                ("GET", "stockItems/{productSku}", legacy_stock.get_stock_item),
                ("GET", "stockStatuses/{productSku}", legacy_stock.get_stock_status),
            ],
        ),
        *_rows(
            "Magento_InventoryApi::stock_source_item_assign",
            [
                ("POST", "inventory/source-items", source_items.save_source_items),
                ("POST", "inventory/source-items-delete", source_items.delete_source_items),
            ],
        ),
        *_rows(
            "Magento_InventoryApi::source",
            [
                ("GET", "inventory/source-items", source_items.search_source_items),
                ("GET", "inventory/sources", sources.search_sources),
                ("GET", "inventory/sources/{sourceCode}", sources.get_source),
            ],
        ),
        *_rows(
            "Magento_InventoryApi::source_edit",
            [
                ("POST", "inventory/sources", sources.save_source),
                ("PUT", "inventory/sources/{sourceCode}", sources.save_source),
            ],
        ),
        *_rows(
            "Magento_InventoryApi::stock",
            [
                ("GET", "inventory/stocks", sources.search_stocks),
                ("GET", "inventory/get-product-salable-quantity/{sku}/{stockId}", sources.salable_quantity),
                ("GET", "inventory/is-product-salable/{sku}/{stockId}", sources.is_salable),
            ],
        ),
    ]


def _people() -> list[Route]:
    return [
        *_rows(
            "Magento_Customer::customer",
            [
                ("GET", "customers/search", customer_calls.search_customers),
                ("GET", "customers/{customerId}", customer_calls.get_customer),
            ],
        ),
        *_rows(
            "Magento_Customer::manage",
            [
                ("POST", "customers", customer_calls.create_customer),  # anonymous only for those without a group
                ("PUT", "customers/{customerId}", customer_calls.update_customer),
            ],
        ),
        *_rows("Magento_Customer::delete", [("DELETE", "customers/{customerId}", customer_calls.delete_customer)]),
        *_rows(ANONYMOUS, [("POST", "customers/isEmailAvailable", customer_calls.is_email_available)]),
        *_rows(
            "Magento_Customer::group",
            [
                ("GET", "customerGroups/search", customer_group_calls.search_groups),
                ("GET", "customerGroups/{id}", customer_group_calls.get_group),
                ("POST", "customerGroups", customer_group_calls.create_group),
                ("PUT", "customerGroups/{id}", customer_group_calls.update_group),
                ("DELETE", "customerGroups/{id}", customer_group_calls.delete_group),
            ],
        ),
        *_rows(
            "Magento_Tax::manage_tax",
            [
                ("GET", "taxClasses/search", tax_classes.search_tax_classes),
                ("POST", "taxClasses", tax_classes.create_tax_class),
            ],
        ),
    ]


def _sales() -> list[Route]:
    single: list[tuple[str, str, str, Service]] = [
        ("create", "POST", "orders", order_calls.save_order),
        ("cancel", "POST", "orders/{id}/cancel", order_calls.cancel_order),
        ("hold", "POST", "orders/{id}/hold", order_calls.hold_order),
        ("unhold", "POST", "orders/{id}/unhold", order_calls.unhold_order),
        ("comment", "POST", "orders/{id}/comments", order_calls.add_comment),
        ("ship", "POST", "order/{orderId}/ship", shipment_calls.ship_order),
        ("invoice", "POST", "order/{orderId}/invoice", invoice_calls.invoice_order),
        ("sales_invoice", "GET", "invoices", invoice_calls.search_invoices),
        ("sales_invoice", "GET", "invoices/{id}", invoice_calls.get_invoice),
        ("shipment", "GET", "shipments", shipment_calls.search_shipments),
        ("shipment", "GET", "shipment/{id}", shipment_calls.get_shipment),
        ("shipment", "POST", "shipment/{id}/comments", shipment_calls.add_comment),
        ("shipment", "POST", "shipment/track", shipment_calls.add_track),
    ]
    return [
        *_rows(
            "Magento_Sales::actions_view",
            [
                ("GET", "orders", order_calls.search_orders),
                ("GET", "orders/items", order_calls.list_items),
                ("GET", "orders/{id}", order_calls.get_order),
                ("GET", "orders/{id}/statuses", order_calls.status_of),
                ("GET", "orders/{id}/comments", order_calls.list_comments),
            ],
        ),
        *(
            Route(method=method, path=path, resource=f"Magento_Sales::{resource}", service=service)
            for resource, method, path, service in single
        ),
    ]


def _rows(resource: str, entries: Iterable[tuple[str, str, Service]]) -> list[Route]:
    return [Route(method=method, path=path, resource=resource, service=service) for method, path, service in entries]


def _store_codes(call: Call) -> list[str]:
    return [value for name, value in call.query if name.startswith(("storeCodes", "store_codes"))]
