"""The gate of categories (R82, R83)."""

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.gates.product import is_boxed
from daemon.sync.records.category import ErpCategory


def category_gate(category: ErpCategory, settings: ConnectorSettings) -> KeptBack | None:
    """Let a category pass that is enabled for sync; its status on Magento does not keep it back, it hides it (D27)."""
    if not is_boxed(category.is_enabled_for_sync, settings):
        told = " (the ERP tells no such box)" if category.is_enabled_for_sync is None else ""
        return KeptBack(
            reason="category_not_enabled",
            text=f"category {category.category_id} is not Enabled for Magento Sync{told}",
        )
    if category.shop_status is not None and category.shop_status.strip().casefold() not in {"active", "inactive"}:
        return KeptBack(
            reason="category_status_unknown",
            text=f"the Category Status on Magento must be Active or Inactive, it is {category.shop_status!r}",
        )
    return None
