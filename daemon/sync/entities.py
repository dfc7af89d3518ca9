"""The entities of both directions and the queues they make (DESIGN.md, section 4; rules 1 and 13)."""

from dataclasses import dataclass
from typing import Final

from queues.definition import Direction, QueueDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """
    One kind of record in one direction.

    Attributes:
        name: `pricing`, `inventory`, `product` …
        batchable: the target has a bulk call for it, so that Threshold Count and Batch Count apply (rule 1).
        supersedable: a newer state of the record makes an older one pointless; false where every message stands for
            something that happened (rule 13).
        max_in_flight: requests in hand at once, 1 or more. 1 for the bulk calls: two of them that share a SKU at the
            same time deadlock in the store's database.
        has_sender: this release delivers it.
    """

    name: str
    direction: Direction
    batchable: bool = False
    supersedable: bool = True
    max_in_flight: int = 4
    has_sender: bool = False

    @property
    def event_type(self) -> str:
        """The CloudEvents `type` of its events."""
        return f"{self.direction}.{self.name}"

    def queue(self, instance: str) -> QueueDefinition:
        """Give its queue of *instance*."""
        return QueueDefinition(
            instance=instance,
            direction=self.direction,
            entity=self.name,
            batchable=self.batchable,
            supersedable=self.supersedable,
            max_in_flight=self.max_in_flight,
        )


PRICING: Final = Entity(name="pricing", direction="to_magento", batchable=True, max_in_flight=1, has_sender=True)
TIER_PRICE: Final = Entity(name="tier_price", direction="to_magento", has_sender=True)
INVENTORY: Final = Entity(name="inventory", direction="to_magento", batchable=True, max_in_flight=1, has_sender=True)
PRODUCT_STATUS: Final = Entity(name="product_status", direction="to_magento", has_sender=True)
CATEGORY: Final = Entity(name="category", direction="to_magento", has_sender=True)
TAX_CATEGORY: Final = Entity(name="tax_category", direction="to_magento", has_sender=True)
ATTRIBUTE: Final = Entity(name="attribute", direction="to_magento", has_sender=True)
ATTRIBUTE_SET: Final = Entity(name="attribute_set", direction="to_magento", has_sender=True)
PRODUCT: Final = Entity(name="product", direction="to_magento", has_sender=True)
PRODUCT_IMAGE: Final = Entity(name="product_image", direction="to_magento", has_sender=True)
PRODUCT_DEPENDENCIES: Final = Entity(name="product_dependencies", direction="to_magento", has_sender=True)
CUSTOMER: Final = Entity(name="customer", direction="to_magento", has_sender=True)
# The status of an order is a state, not a document: an older one must not overwrite a newer one.
ORDER_STATUS: Final = Entity(name="order_status", direction="to_magento", has_sender=True)
SHIPMENT: Final = Entity(name="shipment", direction="to_magento", supersedable=False, has_sender=True)
INVOICE: Final = Entity(name="invoice", direction="to_magento", supersedable=False, has_sender=True)

ENTITIES: Final[tuple[Entity, ...]] = (
    # What others refer to comes first: a run of all queues at once then meets it in this order.
    TAX_CATEGORY,
    ATTRIBUTE,
    ATTRIBUTE_SET,
    CATEGORY,
    PRODUCT,
    PRODUCT_STATUS,
    PRODUCT_DEPENDENCIES,
    PRODUCT_IMAGE,
    PRICING,
    TIER_PRICE,
    INVENTORY,
    CUSTOMER,
    Entity(name="order", direction="to_magento", supersedable=False),
    ORDER_STATUS,
    SHIPMENT,
    INVOICE,
    Entity(name="order", direction="to_acumatica", supersedable=False),
    Entity(name="customer", direction="to_acumatica"),
    Entity(name="product", direction="to_acumatica"),
    Entity(name="category", direction="to_acumatica"),
)


def all_queues(instance: str) -> tuple[QueueDefinition, ...]:
    """Give a queue for every entity there is, delivered by this release or not."""
    return tuple(entity.queue(instance) for entity in ENTITIES)


def active_queues(instance: str) -> tuple[QueueDefinition, ...]:
    """Give the queues of *instance* that this release has a sender for; only these are declared and scheduled."""
    return tuple(entity.queue(instance) for entity in ENTITIES if entity.has_sender)


def known_event_types() -> tuple[str, ...]:
    """Name the event types that are accepted, sorted: those of the active queues."""
    return tuple(sorted(entity.event_type for entity in ENTITIES if entity.has_sender))
