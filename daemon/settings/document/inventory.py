"""`inventory`: Inventory Sync and Vendor Inventory Preferences (R30 to R34, R36, B44)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import CUSTOM_FIELD, Boolean, Choice, Text, Texts

InventoryMode: TypeAlias = Literal["configured", "branch_wise"]
PublishedQuantity: TypeAlias = Literal["available", "available_for_shipping", "on_hand"]
VendorQuantity: TypeAlias = Literal["none", "separate", "sum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryPreferences:
    """
    Which quantity goes out.

    Attributes:
        mode: by the settings below, or (CommercePro) as the ERP defines it branch by branch.
        quantity: the quantity that is monitored and published.
        warehouses: the warehouses that count; empty: all.
        vendor_quantity: CommercePro: not told, told as an attribute of the product, or added to the quantity.
        vendor_field: the custom field of an item in which the ERP keeps how much its vendors have, in the base unit;
            None: it tells nobody.
        vendor_attribute: code of the product attribute that a separate vendor quantity goes to.
        in_sales_units: quantities are told in the sales unit; otherwise in the base unit.
        backorder_rule: items whose attribute BACKORDERS is 1 or 2 keep their stock status in the shop; the attribute is
            read where the product schema has it active.
    """

    mode: InventoryMode = setting(Choice(("configured", "branch_wise")), "configured")
    quantity: PublishedQuantity = setting(Choice(("available", "available_for_shipping", "on_hand")), "available")
    warehouses: tuple[str, ...] = setting(Texts(), (), scope="website")
    vendor_quantity: VendorQuantity = setting(Choice(("none", "separate", "sum")), "none")
    vendor_field: str | None = setting(CUSTOM_FIELD, None)
    vendor_attribute: str = setting(
        Text(pattern="[a-z][a-z0-9_]{0,59}", expected="an attribute code: a-z, 0-9 and _, at most 60 characters"),
        "vendor_quantity",
    )
    in_sales_units: bool = setting(Boolean(), default=False)
    backorder_rule: bool = setting(Boolean(), default=True)
