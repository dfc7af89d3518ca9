"""The gate of quantities: only warehouses that are monitored count (R32, R33)."""

from collections.abc import Collection

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.inventory import PublishedQuantity
from daemon.sync.gates.kept_back import KeptBack


def is_monitored(warehouse: str, settings: ConnectorSettings) -> bool:
    """Tell whether *warehouse* counts; with none chosen all do."""
    chosen = settings.inventory.warehouses
    return not chosen or warehouse.strip().casefold() in {each.strip().casefold() for each in chosen}


def quantity_gate(
    settings: ConnectorSettings,
    *,
    warehouse: str | None = None,
    changed: Collection[PublishedQuantity] | None = None,
) -> KeptBack | None:
    """
    Let a change of stock pass that concerns what is published.

    Args:
        settings: of the scope.
        warehouse: where it happened; None: not told, which passes.
        changed: the quantities that moved; None: not told, which passes.
    """
    if settings.inventory.mode == "configured" and warehouse is not None and not is_monitored(warehouse, settings):
        return KeptBack(reason="warehouse", text=f"warehouse {warehouse} is not monitored")
    wanted = settings.inventory.quantity
    if settings.inventory.mode == "configured" and changed is not None and wanted not in changed:
        return KeptBack(reason="fields_inactive", text=f"{wanted} did not change, and no other quantity is published")
    return None
