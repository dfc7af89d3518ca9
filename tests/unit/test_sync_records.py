from datetime import date
from decimal import Decimal

import pytest

from daemon.sync.records.attribute import ErpAttributeValue
from daemon.sync.records.item import ErpItem
from daemon.sync.records.quantities import ErpWarehouseQuantity
from daemon.sync.records.sales_price import ErpSalesPrice


def test_an_attribute_of_an_item_is_found_without_regard_to_letter_case() -> None:
    colour = ErpAttributeValue(attribute_id="COLOR", value="RED")
    item = ErpItem(inventory_id="MUG", attributes=(ErpAttributeValue(attribute_id="SIZE", value="M"), colour))

    assert item.attribute("Color") is colour
    assert item.attribute("WEIGHT") is None


@pytest.mark.parametrize(
    ("effective_on", "expires_on", "holds"),
    [
        (None, None, True),
        (date(2026, 11, 21), date(2026, 11, 21), True),
        (date(2026, 11, 22), None, False),
        (None, date(2026, 11, 20), False),
    ],
)
def test_a_price_holds_from_its_first_day_to_its_last(
    effective_on: date | None, expires_on: date | None, *, holds: bool
) -> None:
    price = ErpSalesPrice(
        record_id="1", inventory_id="MUG", price=Decimal(5), effective_on=effective_on, expires_on=expires_on
    )

    assert price.holds_on(date(2026, 11, 21)) is holds


def test_a_warehouse_gives_the_quantity_that_is_asked_for() -> None:
    quantity = ErpWarehouseQuantity(
        warehouse="MAIN", available=Decimal(1), available_for_shipping=Decimal(2), on_hand=Decimal(3)
    )

    assert [quantity.of(kind) for kind in ("available", "available_for_shipping", "on_hand")] == [1, 2, 3]
