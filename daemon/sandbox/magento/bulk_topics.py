"""Where asynchronous calls are queued, and what their services are called inside the shop."""

_CATALOG = "magento.catalog.api."
_MODEL = "Magento\\Catalog\\Model\\"
_PRODUCTS = _CATALOG + "productrepositoryinterface"
_REPOSITORY = _MODEL + "ProductRepository\\Interceptor"
_CATEGORIES = _CATALOG + "categoryrepositoryinterface"
_CATEGORY_MODEL = _MODEL + "CategoryRepository\\Interceptor"

TOPICS: dict[tuple[str, str], tuple[str, str]] = {
    ("POST", "products"): (f"{_PRODUCTS}.save", f"{_REPOSITORY}::save"),
    ("PUT", "products/{sku}"): (f"{_PRODUCTS}.save", f"{_REPOSITORY}::save"),
    ("DELETE", "products/{sku}"): (f"{_PRODUCTS}.deletebyid", f"{_REPOSITORY}::deleteById"),
    ("POST", "products/base-prices"): (
        f"{_CATALOG}basepricestorageinterface.update",
        f"{_MODEL}Product\\Price\\BasePriceStorage::update",
    ),
    ("POST", "products/special-price"): (
        f"{_CATALOG}specialpricestorageinterface.update",
        f"{_MODEL}Product\\Price\\SpecialPriceStorage::update",
    ),
    ("POST", "products/tier-prices"): (
        f"{_CATALOG}tierpricestorageinterface.update",
        f"{_MODEL}Product\\Price\\TierPriceStorage::update",
    ),
    ("POST", "products/{sku}/media"): (
        f"{_CATALOG}productattributemediagallerymanagementinterface.create",
        f"{_MODEL}Product\\Gallery\\GalleryManagement\\Interceptor::create",
    ),
    ("PUT", "products/{productSku}/stockItems/{itemId}"): (
        "magento.cataloginventory.api.stockregistryinterface.updatestockitembysku",
        "Magento\\CatalogInventory\\Model\\StockRegistry\\Interceptor::updateStockItemBySku",
    ),
    ("POST", "inventory/source-items"): (
        "magento.inventoryapi.api.sourceitemssaveinterface.execute",
        "Magento\\Inventory\\Model\\SourceItem\\Command\\SourceItemsSave\\Interceptor::execute",
    ),
    ("POST", "categories"): (f"{_CATEGORIES}.save", f"{_CATEGORY_MODEL}::save"),
    ("PUT", "categories/{id}"): (f"{_CATEGORIES}.save", f"{_CATEGORY_MODEL}::save"),
    ("PUT", "customers/{customerId}"): (
        "magento.customer.api.customerrepositoryinterface.save",
        "Magento\\Customer\\Model\\ResourceModel\\CustomerRepository\\Interceptor::save",
    ),
    ("POST", "order/{orderId}/ship"): (
        "magento.sales.api.shiporderinterface.execute",
        "Magento\\Sales\\Model\\ShipOrder\\Interceptor::execute",
    ),
}
"""Method and path to the queue's topic without the method, and to the class and method that carry it out."""
WITHOUT_RESULT = frozenset({"inventory/source-items"})
"""Paths whose service returns nothing: a finished operation keeps no result."""


def bulk_part(part: str) -> str:
    """How a variable of a path is written in a bulk path: `{sku}` is `bySku`."""
    name = part[1:-1]
    return f"by{name[:1].upper()}{name[1:]}" if part.startswith("{") else part
