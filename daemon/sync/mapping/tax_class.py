"""Tax categories of the ERP as tax classes of the shop (B7)."""

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.records.tax_category import ErpTaxCategory
from daemon.sync.shop.tax_class import ShopTaxClass


def tax_class_name(tax_category: str | None, settings: ConnectorSettings) -> str | None:
    """Name the tax class of a tax category: by the mapping, else the same name; None for none."""
    if tax_category is None:
        return None
    wanted = tax_category.strip()
    return next((row.tax_class for row in settings.mappings.tax_classes if row.tax_category == wanted), wanted or None)


def map_tax_category(category: ErpTaxCategory, settings: ConnectorSettings) -> ShopTaxClass | None:
    """Give the tax class of a tax category; None: the ERP does not use it any more."""
    name = tax_class_name(category.tax_category_id, settings)
    return ShopTaxClass(name=name, kind="product") if category.is_active and name else None
