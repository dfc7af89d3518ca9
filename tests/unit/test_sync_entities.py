"""The entities and their queues."""

from daemon.sync.entities import active_queues, all_queues, known_event_types


def test_only_pricing_and_inventory_go_in_batches_one_request_at_a_time() -> None:
    batchable = {queue.event_type for queue in all_queues("main") if queue.batchable}

    assert batchable == {"to_magento.pricing", "to_magento.inventory"}
    assert {queue.max_in_flight for queue in all_queues("main") if queue.batchable} == {1}
    assert {queue.max_in_flight for queue in all_queues("main") if not queue.batchable} == {4}


def test_orders_and_shipments_never_supersede() -> None:
    kept = {queue.event_type for queue in all_queues("main") if not queue.supersedable}

    assert kept == {"to_magento.order", "to_magento.shipment", "to_acumatica.order"}


def test_the_active_queues_are_those_whose_events_are_known() -> None:
    queues = active_queues("shop")

    assert sorted(queue.event_type for queue in queues) == list(known_event_types())
    assert {queue.name for queue in queues} == {
        "shop.to_magento.pricing",
        "shop.to_magento.inventory",
        "shop.to_magento.product_status",
    }
