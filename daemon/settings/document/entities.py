"""`entities`: Individual Sync Status of the ERP side, called *entity active* here (R42, D20)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from daemon.settings.document.groups import group, setting
from daemon.settings.document.kinds import Boolean

EntityName: TypeAlias = Literal[
    "product", "product_status", "product_dependencies", "product_image", "attribute", "attribute_set",
    "tax_category", "category", "pricing", "tier_price", "inventory", "customer", "order", "order_status", "shipment",
    "invoice",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySwitch:
    """Whether an entity goes from the ERP to the shop at all."""

    active: bool = setting(Boolean(), default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySwitches:
    """A switch for every entity towards the shop."""

    product: EntitySwitch = group(EntitySwitch)
    product_status: EntitySwitch = group(EntitySwitch)
    product_dependencies: EntitySwitch = group(EntitySwitch)
    product_image: EntitySwitch = group(EntitySwitch)
    attribute: EntitySwitch = group(EntitySwitch)
    attribute_set: EntitySwitch = group(EntitySwitch)
    tax_category: EntitySwitch = group(EntitySwitch)
    category: EntitySwitch = group(EntitySwitch)
    pricing: EntitySwitch = group(EntitySwitch)
    tier_price: EntitySwitch = group(EntitySwitch)
    inventory: EntitySwitch = group(EntitySwitch)
    customer: EntitySwitch = group(EntitySwitch)
    order: EntitySwitch = group(EntitySwitch)
    order_status: EntitySwitch = group(EntitySwitch)
    shipment: EntitySwitch = group(EntitySwitch)
    invoice: EntitySwitch = group(EntitySwitch)

    def is_active(self, entity: EntityName) -> bool:
        """Tell whether *entity* is active."""
        switch: EntitySwitch = getattr(self, entity)
        return switch.active
