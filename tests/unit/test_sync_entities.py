"""The entities and their queues."""

from datetime import UTC, datetime

from daemon.acumatica.push_notifications import PUSH_QUERIES
from daemon.erp.capturing import LISTED
from daemon.http.event_schemas import EVENT_SCHEMAS
from daemon.sync.entities import active_queues, all_queues, known_event_types
from daemon.sync.events import check_event
from queues.message import ChangeEvent


def test_only_pricing_and_inventory_go_in_batches_one_request_at_a_time() -> None:
    batchable = {queue.event_type for queue in all_queues("main") if queue.batchable}

    assert batchable == {"to_magento.pricing", "to_magento.inventory"}
    assert {queue.max_in_flight for queue in all_queues("main") if queue.batchable} == {1}
    assert {queue.max_in_flight for queue in all_queues("main") if not queue.batchable} == {4}


def test_orders_shipments_and_invoices_never_supersede() -> None:
    kept = {queue.event_type for queue in all_queues("main") if not queue.supersedable}

    assert kept == {"to_magento.order", "to_magento.shipment", "to_magento.invoice", "to_acumatica.order"}


def test_the_active_queues_are_those_whose_events_are_known() -> None:
    queues = active_queues("shop")

    assert sorted(queue.event_type for queue in queues) == list(known_event_types())
    assert {"shop.to_magento.pricing", "shop.to_magento.category"} <= {queue.name for queue in queues}
    assert "shop.to_acumatica.order" not in {queue.name for queue in queues}


def test_every_active_entity_has_a_form_of_event_a_schema_and_a_way_to_be_read_in_the_erp() -> None:
    types = set(known_event_types())
    (told,) = [schema["discriminator"]["mapping"] for name, schema in EVENT_SCHEMAS.items() if name == "ChangeEvent"]

    for kind in types - {"to_magento.pricing", "to_magento.inventory", "to_magento.product_status"}:
        check_event(change(kind))
    assert set(told) == types
    assert set(LISTED) == types
    # No inquiry of the contract tells related items or parts of kits: who knows them publishes the event.
    pushed = {kind for query in PUSH_QUERIES.values() for kind in query.event_types}
    assert pushed >= types - {"to_magento.product_dependencies"}


def change(kind: str) -> ChangeEvent:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return ChangeEvent(id="1", source="tests", type=kind, subject="SO/1", time=at, data={})
