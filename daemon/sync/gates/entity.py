"""Whether an entity goes to the shop at all: active, its sync enabled, its direction right (R42, R73, R74, R100)."""

from collections.abc import Mapping
from typing import Final

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.entities import EntityName
from daemon.settings.document.syncs import TITLES, InventoryPriceSync, SyncName
from daemon.sync.gates.kept_back import KeptBack

SYNC_OF: Final[Mapping[EntityName, SyncName]] = {
    "product": "product",
    "product_status": "product",
    "product_dependencies": "product",
    "product_image": "product_image",
    "attribute": "product_attribute",
    "attribute_set": "product_attribute",
    "tax_category": "tax_category",
    "category": "category",
    "pricing": "inventory_price",
    "tier_price": "inventory_price",
    "inventory": "inventory_price",
    "customer": "customer",
    "order": "order",
    "order_status": "order",
    "shipment": "order",
    "invoice": "order",
}
"""The sync each entity belongs to."""

_ALWAYS_TO_SHOP: Final[frozenset[EntityName]] = frozenset({"order_status", "shipment", "invoice"})
"""What comes back of an order goes to the shop whichever way the order itself went (B20)."""


def entity_gate(entity: EntityName, settings: ConnectorSettings) -> KeptBack | None:
    """Keep back what is switched off on either side: both switches must be on."""
    if not settings.entities.is_active(entity):
        return KeptBack(reason="entity_inactive", text=f"entities.{entity}.active is false")
    name = SYNC_OF[entity]
    sync, title = settings.syncs.named(name), TITLES[name]
    if not sync.enabled:
        return KeptBack(reason="sync_disabled", text=f"{title} is not enabled")
    if sync.direction == "to_acumatica" and entity not in _ALWAYS_TO_SHOP:
        return KeptBack(reason="direction", text=f"the direction of {title} is Magento to Acumatica")
    if isinstance(sync, InventoryPriceSync) and _is_other(entity, sync):
        return KeptBack(reason="sync_disabled", text=f"{title} carries {sync.what} only")
    return None


def tier_price_gate(settings: ConnectorSettings) -> KeptBack | None:
    """Keep back the prices that depend on quantity and group where they do not go out (B36)."""
    kept = entity_gate("tier_price", settings)
    if kept is None and not settings.price.sales_price_sync:
        kept = KeptBack(reason="sync_disabled", text="price.sales_price_sync is false")
    return kept


def _is_other(entity: EntityName, sync: InventoryPriceSync) -> bool:
    return (entity in {"pricing", "tier_price"} and sync.what == "inventory") or (
        entity == "inventory" and sync.what == "price"
    )
