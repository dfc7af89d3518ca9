"""`syncs`: the units an operator enables and runs, with direction and schedule (R73 to R75, R86 to R104, B3, B6)."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from daemon.settings.document.groups import grouped, setting
from daemon.settings.document.kinds import Boolean, Choice, Text
from daemon.settings.document.times import FREQUENCY, START_TIME, CronLine

SyncDirection: TypeAlias = Literal["to_magento", "to_acumatica", "both"]
SyncName: TypeAlias = Literal[
    "tax_category", "category", "product_attribute", "product", "inventory_price", "product_image",
    "customer_attribute", "customer", "order", "product_configurator", "failed_order",
]  # fmt: skip
PriceAndInventory: TypeAlias = Literal["inventory", "price", "both"]

_SERVICE: Final = Text(
    optional=True,
    pattern=r"(?!\.{1,2}(?:/|$))[^/\\?#%]+(?:/(?!\.{1,2}$)[^/\\?#%]+)?",
    expected="an endpoint of the ERP such as Files or Files/24.200.001",
)

TITLES: Final[dict[SyncName, str]] = {
    "tax_category": "Tax Category Sync",
    "category": "Category Sync",
    "product_attribute": "Product Attribute Sync",
    "product": "Product Sync",
    "inventory_price": "Product Inventory and Price Sync",
    "product_image": "Product Image Sync",
    "customer_attribute": "Customer Attribute Sync",
    "customer": "Customer Sync",
    "order": "Order Sync",
    "product_configurator": "Product Configurator Sync",
    "failed_order": "Failed Order Sync",
}
"""The operators' names, in the order of their list."""

CEILINGS: Final[dict[SyncName, tuple[SyncDirection, ...]]] = {
    "tax_category": ("to_magento",),
    "category": ("to_magento", "to_acumatica", "both"),
    "product_attribute": ("to_magento",),
    "product": ("to_magento", "to_acumatica", "both"),
    "inventory_price": ("to_magento",),
    "product_image": ("to_magento",),
    "customer_attribute": ("to_magento",),
    "customer": ("to_magento", "to_acumatica", "both"),
    "order": ("to_magento", "to_acumatica", "both"),
    "product_configurator": ("to_magento",),
    "failed_order": ("to_acumatica",),
}
"""The directions each may have; metadata, prices, stock and images go one way only (B14, B22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """
    One sync.

    Attributes:
        enabled: it is on the list of syncs and its events are taken.
        direction: which way its records go.
        individual: one named record may be synced on demand.
        auto_cron: it looks for changes by its schedule; otherwise the catch-up does.
        start_time, frequency: the schedule; *cron* is used instead where it is told.
        index_after: the shop is told to index when a run is over.
    """

    enabled: bool = setting(Boolean(), default=False)
    direction: SyncDirection = setting(Choice(("to_magento", "to_acumatica", "both")), "to_magento")
    individual: bool = setting(Boolean(), default=False)
    auto_cron: bool = setting(Boolean(), default=False)
    start_time: str = setting(START_TIME, "00:00:00")
    frequency: str = setting(FREQUENCY, "hourly")
    cron: str | None = setting(CronLine(), None)
    index_after: bool = setting(Boolean(), default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryPriceSync(Sync):
    """
    Product Inventory and Price Sync.

    In a website *enabled* and *what* are about what is told for that website alone: its own prices, its own quantity.

    Attributes:
        what: which of the two it carries (R100).
    """

    enabled: bool = setting(Boolean(), default=False, scope="website")
    what: PriceAndInventory = setting(Choice(("inventory", "price", "both")), "both", scope="website")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSync(Sync):
    """
    Product Image Sync (R102).

    Attributes:
        webservice_name: the Service ID: the endpoint of the ERP that files are fetched through, a name or
            `Name/version`; None: the one everything is read through.
    """

    webservice_name: str | None = setting(_SERVICE, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncs:
    """All syncs, in the order operators see them."""

    tax_category: Sync = grouped(Sync())
    category: Sync = grouped(Sync(direction="both"))
    product_attribute: Sync = grouped(Sync())
    product: Sync = grouped(Sync(direction="both"))
    inventory_price: InventoryPriceSync = grouped(InventoryPriceSync())
    product_image: ImageSync = grouped(ImageSync())
    customer_attribute: Sync = grouped(Sync())
    customer: Sync = grouped(Sync(direction="both"))
    order: Sync = grouped(Sync(direction="to_acumatica"))
    product_configurator: Sync = grouped(Sync())
    failed_order: Sync = grouped(Sync(direction="to_acumatica"))

    def named(self, name: SyncName) -> Sync:
        """Give the sync called *name*."""
        sync: Sync = getattr(self, name)
        return sync
