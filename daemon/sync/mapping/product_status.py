"""Product status: whether a product is offered (R81, D29)."""

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.product import ready_gate
from daemon.sync.product_status import StatusChange
from daemon.sync.records.item import ErpItem


def map_status(item: ErpItem, settings: ConnectorSettings, *, storeview: str | None = None) -> StatusChange:
    """Give the status of an item: enabled while the ready rule holds, disabled as soon as it does not."""
    is_ready = ready_gate(item, settings) is None
    return StatusChange(sku=item.inventory_id.strip(), storeview=storeview, enabled=is_ready, when_missing="skip")
