"""Advice: what is allowed but hardly meant, told beside the settings (R38, R39, D32)."""

from collections.abc import Iterator, Mapping

from daemon.settings.document.connector import ConnectorSettings
from queues.settings import QueueProcessingSettings


def advise_limits(queue: QueueProcessingSettings, input_limits: Mapping[str, int | None]) -> Iterator[str]:
    """Say where Batch Count is more than the shop takes in one request, by entity as far as it told."""
    for entity, limit in sorted(input_limits.items()):
        if limit is not None and queue.batch_count > limit:
            yield (
                f"Batch Count {queue.batch_count} is above the shop's input limit {limit} of {entity}: "
                "its bulk requests are cut smaller"
            )


def advise_document(
    settings: ConnectorSettings, queue: QueueProcessingSettings, input_limits: Mapping[str, int | None] | None = None
) -> Iterator[str]:
    """
    Say what is allowed but hardly meant, for people.

    Args:
        settings: of the default scope.
        queue: the Queue Processing Settings beside them.
        input_limits: by entity, the most records the shop takes in one request, where it told; None: no limit known.
    """
    yield from advise_limits(queue, input_limits or {})
    syncs, entities = settings.syncs, settings.entities
    if syncs.customer.enabled and not settings.customers.classes_to_shop:
        yield "customers.classes_to_shop is empty: no customer goes to the shop"
    if syncs.order.enabled and not settings.orders.types_to_shop:
        yield "orders.types_to_shop is empty: no order status and no shipment goes to the shop"
    if syncs.order.enabled and not settings.orders.statuses:
        yield "orders.statuses is empty: no shop order goes to the ERP"
    if syncs.product_configurator.enabled and settings.products.configurable_source != "product_configurator":
        yield (
            "syncs.product_configurator is enabled, but products.configurable_source is "
            f"{settings.products.configurable_source}"
        )
    if settings.products.configurable_source == "product_configurator":
        yield (
            "products.configurable_source is product_configurator, but the ERP's contract tells nothing of the Product "
            "Configurator: its items go to the shop as simple products"
        )
    if syncs.order.enabled and entities.shipment.active and settings.shipment.dropship_ship_via is None:
        yield "shipment.dropship_ship_via is not chosen: shipments of dropship orders are refused"
    yield from _advise_stock(settings)
    if settings.logging.lifetime_days == 0:
        yield "logging.lifetime_days is 0: the sync log grows for ever"


def _advise_stock(settings: ConnectorSettings) -> Iterator[str]:
    told = settings.inventory
    if told.mode == "branch_wise" and told.warehouses:
        yield "inventory.warehouses is not looked at while inventory.mode is branch_wise"
    if told.mode == "branch_wise" and not settings.mappings.branches:
        yield "mappings.branches is empty: inventory.mode is branch_wise, and no branch has a warehouse"
    if told.vendor_quantity != "none" and told.vendor_field is None:
        yield "inventory.vendor_field is not chosen: nobody tells how much vendors have"
