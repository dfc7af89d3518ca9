"""The gate of products: status, class, item, visibility (R77 to R81, D29, D30)."""

from typing import Final

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.records.item import ErpItem
from daemon.sync.records.item_class import ErpItemClass
from daemon.sync.visibility import VISIBILITIES, read_visibility

ACTIVE_STATUSES: Final = frozenset({"active"})
"""Item statuses that count as active, in lower case."""


def is_boxed(told: bool | None, settings: ConnectorSettings) -> bool:  # noqa: FBT001 - what a box says
    """Tell whether a box *Enabled for Magento Sync* counts as ticked; None: the site has no such box."""
    return settings.products.when_box_is_missing == "pass" if told is None else told


def is_active(item: ErpItem) -> bool:
    """Tell whether the ERP calls the item active."""
    return item.status.strip().casefold() in ACTIVE_STATUSES


def ready_gate(item: ErpItem, settings: ConnectorSettings) -> KeptBack | None:
    """Ask the ready rule: item active, class enabled, item enabled, in this order."""
    if not is_active(item):
        return KeptBack(reason="item_not_active", text=f"the status of item {item.inventory_id} is {item.status!r}")
    return enabled_gate(item, settings)


def enabled_gate(item: ErpItem, settings: ConnectorSettings) -> KeptBack | None:
    """Ask for the two boxes, the class's first."""
    item_class = item.item_class
    if item_class is None:
        return KeptBack(reason="item_class_missing", text=f"item {item.inventory_id} has no item class")
    kept = class_gate(item_class, settings)
    if kept is not None:
        return kept
    if not is_boxed(item.is_enabled_for_sync, settings):
        return KeptBack(
            reason="item_not_enabled",
            text=f"item {item.inventory_id} is not Enabled for Magento Sync{_unboxed(item.is_enabled_for_sync)}",
        )
    return None


def class_gate(item_class: ErpItemClass, settings: ConnectorSettings) -> KeptBack | None:
    """Ask for the box of a class."""
    if is_boxed(item_class.is_enabled_for_sync, settings):
        return None
    told = _unboxed(item_class.is_enabled_for_sync)
    return KeptBack(
        reason="item_class_not_enabled", text=f"item class {item_class.class_id} is not Enabled for Magento Sync{told}"
    )


def product_gate(item: ErpItem, settings: ConnectorSettings) -> KeptBack | None:
    """Let a product pass that is ready and says where it shows; else tell the first thing that is missing."""
    kept = ready_gate(item, settings)
    if kept is not None:
        return kept
    if read_visibility(item.visibility) is None:
        allowed = "; ".join(VISIBILITIES)
        return KeptBack(
            reason="visibility_missing",
            text=f"item {item.inventory_id} must have a Visibility ({allowed}), it has {item.visibility or 'none'!r}",
        )
    if item.kind == "template" and settings.products.configurable_source != "matrix_item":
        return KeptBack(
            reason="template_not_synced",
            text=f"{item.inventory_id} is a template, and products.configurable_source is not matrix_item",
        )
    if settings.products.needs_category and not any(
        is_boxed(link.is_enabled_for_sync, settings) for link in item.categories
    ):
        return KeptBack(
            reason="category_missing", text=f"item {item.inventory_id} is in no category Enabled for Magento Sync"
        )
    return None


def _unboxed(told: bool | None) -> str:  # noqa: FBT001 - what a box says
    return " (the ERP tells no such box)" if told is None else ""
