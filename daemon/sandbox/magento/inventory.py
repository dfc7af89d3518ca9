"""Sources and source items (multi-source inventory)."""

from dataclasses import dataclass
from decimal import Decimal

from daemon.sandbox.magento.product import sku_key
from daemon.sandbox.magento.values import JsonObject

DEFAULT_SOURCE = "default"
_DEFAULT_SOURCE_ROW: JsonObject = {
    "source_code": DEFAULT_SOURCE,
    "name": "Default Source",
    "enabled": True,
    "description": "Default Source",
    "latitude": 0,
    "longitude": 0,
    "country_id": "US",
    "postcode": "00000",
    "use_default_carrier_config": True,
    "carrier_links": [],
    "extension_attributes": {"is_pickup_location_active": False, "frontend_name": ""},
}


@dataclass(slots=True, kw_only=True)
class SourceItem:
    """The quantity of one SKU in one source; stock calls change it in place. The SKU need not exist."""

    sku: str
    source_code: str
    quantity: Decimal
    status: int


class Inventory:
    """Sources by code, and source items by SKU, without regard to letter case, as the database has them."""

    def __init__(self) -> None:
        self.sources: dict[str, JsonObject] = {DEFAULT_SOURCE: dict(_DEFAULT_SOURCE_ROW)}
        self._items: dict[str, dict[str, SourceItem]] = {}

    def has_source(self, code: str) -> bool:
        """Whether a source of that code exists."""
        return code.lower() in self.sources

    def items_of(self, sku: str) -> list[SourceItem]:
        """The source items of one SKU, in the order they were made."""
        return list(self._items.get(sku_key(sku), {}).values())

    def all_items(self) -> list[SourceItem]:
        """Every source item."""
        return [item for by_source in self._items.values() for item in by_source.values()]

    def store(self, *, sku: str, source_code: str, quantity: Decimal, status: int) -> None:
        """Set the quantity of a SKU in a source; an existing row keeps the spelling of its SKU."""
        by_source = self._items.setdefault(sku_key(sku), {})
        item = by_source.get(source_code.lower())
        if item is None:
            by_source[source_code.lower()] = SourceItem(
                sku=sku, source_code=source_code, quantity=quantity, status=status
            )
        else:
            item.quantity = quantity
            item.status = status

    def remove(self, sku: str, source_code: str) -> bool:
        """Unassign a SKU from a source; whether there was a row."""
        return self._items.get(sku_key(sku), {}).pop(source_code.lower(), None) is not None

    def forget(self, sku: str) -> None:
        """Drop every source item of a SKU."""
        self._items.pop(sku_key(sku), None)

    def clear(self) -> None:
        """Drop every source item; the sources stay."""
        self._items.clear()
