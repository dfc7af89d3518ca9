from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.settings.document.entities import EntityName
from daemon.sync.entities import ENTITIES
from daemon.sync.gates.category import category_gate
from daemon.sync.gates.customer import customer_gate
from daemon.sync.gates.entity import SYNC_OF, entity_gate
from daemon.sync.gates.kept_back import KeptBack, first_reason
from daemon.sync.gates.order import order_status_gate, shipment_gate
from daemon.sync.gates.product import product_gate
from daemon.sync.gates.rules import rules_gate
from daemon.sync.gates.schema import schema_gate
from daemon.sync.gates.stock import quantity_gate
from daemon.sync.records.customer import ErpContact
from daemon.sync.records.item import ErpItem
from daemon.sync.records.values import ErpValue
from tests.erp_records import ADA, CUPS, MUG, MUGS, ORDER, SHIPMENT, settings_with

NAMES: tuple[EntityName, ...] = get_args(EntityName)


def reason(kept: KeptBack | None) -> str | None:
    return None if kept is None else kept.reason


def test_every_entity_towards_the_shop_has_a_switch_and_a_sync() -> None:
    assert set(NAMES) == {entity.name for entity in ENTITIES if entity.direction == "to_magento"} == set(SYNC_OF)


@given(st.sampled_from(NAMES), st.booleans(), st.booleans())
def test_an_entity_passes_only_with_both_switches_on(entity: EntityName, active: bool, enabled: bool) -> None:  # noqa: FBT001 - drawn
    direction = {"direction": "both"} if SYNC_OF[entity] == "order" else {}
    held = settings_with(
        entities={entity: {"active": active}}, syncs={SYNC_OF[entity]: {"enabled": enabled, **direction}}
    )

    expected = "entity_inactive" if not active else None if enabled else "sync_disabled"
    assert reason(entity_gate(entity, held)) == expected


def test_what_goes_to_the_erp_only_does_not_come_from_there() -> None:
    held = settings_with(syncs={"product": {"direction": "to_acumatica"}, "order": {"direction": "to_acumatica"}})

    assert reason(entity_gate("product", held)) == "direction"
    assert reason(entity_gate("order", held)) == "direction"
    assert entity_gate("shipment", held) is None
    assert entity_gate("order_status", held) is None


@pytest.mark.parametrize(
    ("what", "pricing", "inventory"),
    [("inventory", "sync_disabled", None), ("price", None, "sync_disabled"), ("both", None, None)],
)
def test_the_inventory_and_price_sync_carries_what_was_chosen(
    what: str, pricing: str | None, inventory: str | None
) -> None:
    held = settings_with(syncs={"inventory_price": {"what": what}})

    assert (reason(entity_gate("pricing", held)), reason(entity_gate("inventory", held))) == (pricing, inventory)


@given(
    active=st.booleans(),
    class_box=st.sampled_from([True, False, None]),
    item_box=st.sampled_from([True, False, None]),
    visibility=st.sampled_from(["Catalog", "Catalog, Search", None, "Everywhere"]),
    missing_box=st.sampled_from(["skip", "pass"]),
)
def test_a_product_passes_when_all_hold_and_else_says_the_first_thing_missing(
    *, active: bool, class_box: bool | None, item_box: bool | None, visibility: str | None, missing_box: str
) -> None:
    held = settings_with(products={"when_box_is_missing": missing_box})
    item = replace(
        MUG,
        status="Active" if active else "Inactive",
        item_class=replace(MUGS, is_enabled_for_sync=class_box),
        is_enabled_for_sync=item_box,
        visibility=visibility,
    )
    when_missing = missing_box == "pass"
    ticked = {True: True, False: False, None: when_missing}

    conditions = {
        "item_not_active": active,
        "item_class_not_enabled": ticked[class_box],
        "item_not_enabled": ticked[item_box],
        "visibility_missing": visibility in {"Catalog", "Catalog, Search"},
    }
    expected = next((name for name, holds in conditions.items() if not holds), None)
    assert reason(product_gate(item, held)) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (replace(MUG, item_class=None), "item_class_missing"),
        (replace(MUG, kind="template"), "template_not_synced"),
        (replace(MUG, kind="non_stock"), None),
    ],
)
def test_items_of_every_kind_meet_the_same_gate(item: ErpItem, expected: str | None) -> None:
    assert reason(product_gate(item, settings_with())) == expected


def test_a_product_may_be_asked_to_have_a_category_that_goes_to_the_shop() -> None:
    held = settings_with(products={"needs_category": True})

    assert product_gate(MUG, held) is None
    assert reason(product_gate(replace(MUG, categories=()), held)) == "category_missing"


@pytest.mark.parametrize(
    ("box", "status", "expected"),
    [
        (True, "Active", None),
        (True, "Inactive", None),
        (True, None, None),
        (False, "Active", "category_not_enabled"),
        (None, "Active", "category_not_enabled"),
        (True, "Sleeping", "category_status_unknown"),
    ],
)
def test_a_category_passes_by_its_box_and_not_by_its_status(
    *, box: bool | None, status: str | None, expected: str | None
) -> None:
    category = replace(CUPS, is_enabled_for_sync=box, shop_status=status)

    assert reason(category_gate(category, settings_with())) == expected


@given(st.sets(st.sampled_from("ABC")), st.sampled_from("ABC"))
def test_customers_of_the_chosen_classes_pass_and_no_others(chosen: set[str], customer_class: str) -> None:
    held = settings_with(customers={"classes_to_shop": sorted(chosen)})

    kept = customer_gate(replace(ADA, customer_class=customer_class), held)

    assert (kept is None) == (customer_class in chosen)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "Inactive"}, "customer_inactive"),
        ({"is_guest": True}, "customer_inactive"),
        ({"main": ErpContact()}, "email_missing"),
        ({"main": ErpContact(), "primary": ErpContact(email="ada@example.com")}, None),
    ],
)
def test_a_customer_the_shop_cannot_know_is_kept_back(changes: dict[str, Any], expected: str | None) -> None:
    assert reason(customer_gate(replace(ADA, **changes), settings_with())) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"order_type": "CT"}, "order_type"),
        ({"external_ref": None}, "not_from_shop"),
        ({"status": "shipping"}, "status_not_mapped"),
    ],
)
def test_the_status_of_a_shop_order_passes_when_it_is_mapped_letter_by_letter(
    changes: dict[str, Any], expected: str | None
) -> None:
    assert reason(order_status_gate(replace(ORDER, **changes), settings_with())) == expected


@pytest.mark.parametrize(
    ("trigger", "status", "released", "expected"),
    [
        ("shipment_confirmation", "Confirmed", False, None),
        ("shipment_confirmation", "Open", False, "shipment_not_confirmed"),
        ("invoice_release", "Confirmed", False, "invoice_not_released"),
        ("invoice_release", "Completed", True, None),
    ],
)
def test_only_the_chosen_event_makes_a_shipment_go_out(
    *, trigger: str, status: str, released: bool, expected: str | None
) -> None:
    orders = tuple(replace(order, is_invoice_released=released) for order in SHIPMENT.orders)

    kept = shipment_gate(replace(SHIPMENT, status=status, orders=orders), settings_with(shipment={"trigger": trigger}))

    assert reason(kept) == expected


def test_a_shipment_that_serves_no_order_of_the_shop_is_kept_back() -> None:
    foreign = tuple(replace(order, external_ref=None) for order in SHIPMENT.orders)
    other_type = tuple(replace(order, order_type="CT") for order in SHIPMENT.orders)

    assert reason(shipment_gate(replace(SHIPMENT, orders=foreign), settings_with())) == "not_from_shop"
    assert reason(shipment_gate(replace(SHIPMENT, orders=()), settings_with())) == "not_from_shop"
    assert reason(shipment_gate(replace(SHIPMENT, orders=other_type), settings_with())) == "order_type"


@pytest.mark.parametrize(
    ("chosen", "warehouse", "expected"),
    [([], "EAST", None), (["MAIN"], "MAIN", None), (["MAIN"], "EAST", "warehouse"), (["MAIN"], None, None)],
)
def test_stock_of_warehouses_that_are_not_monitored_is_kept_back(
    chosen: list[str], warehouse: str | None, expected: str | None
) -> None:
    assert reason(quantity_gate(settings_with(inventory={"warehouses": chosen}), warehouse=warehouse)) == expected


def test_only_the_quantity_that_is_published_is_monitored() -> None:
    held = settings_with(inventory={"quantity": "on_hand"})

    assert reason(quantity_gate(held, changed=["available"])) == "fields_inactive"
    assert quantity_gate(held, changed=["available", "on_hand"]) is None


@given(
    active=st.sets(st.sampled_from(["Description", "Content", "MSRP"])),
    changed=st.none() | st.lists(st.sampled_from(["Description", "Content", "MSRP"])),
)
def test_a_change_goes_out_when_it_touches_an_active_field_or_names_none(
    active: set[str], changed: list[str] | None
) -> None:
    rows = [
        {"tab": "General Settings", "schema": name, "name": name, "active": name in active}
        for name in ("Description", "Content", "MSRP")
    ]

    kept = schema_gate("product", changed, settings_with(schema={"product": rows}))

    assert (kept is None) == (not changed or bool(active & set(changed)))


def test_a_change_of_the_ready_rule_is_seen_whatever_the_schema_says() -> None:
    assert schema_gate("product", ["ItemStatus"], settings_with(schema={"product": []})) is None


@pytest.mark.parametrize(
    ("operator", "values", "value", "kept"),
    [
        ("equals", ["SAMPLE"], "SAMPLE", True),
        ("equals", ["SAMPLE"], "MUG", False),
        ("differs", ["SAMPLE"], "MUG", True),
        ("contains", ["amp"], "SAMPLE", True),
        ("is_empty", [], None, True),
        ("is_empty", [], "x", False),
        ("is_told", [], "x", True),
        ("above", ["100"], Decimal("100.01"), True),
        ("above", ["100"], Decimal(100), False),
        ("below", ["0"], Decimal("-0.5"), True),
        ("below", ["0"], "much", False),
    ],
)
def test_a_rule_of_the_operators_own_keeps_back_what_it_describes(
    *, operator: str, values: list[str], value: ErpValue, kept: bool
) -> None:
    rule = {
        "name": "ours",
        "entity": "product",
        "conditions": [{"field": "Field", "operator": operator, "values": values}],
    }
    held = settings_with(rules=[rule])

    assert reason(rules_gate("product", {"Field": value}, held)) == ("rule" if kept else None)
    assert rules_gate("customer", {"Field": value}, held) is None


def test_gates_are_asked_in_order_and_the_first_reason_counts() -> None:
    first = KeptBack(reason="direction", text="the first")

    assert first_reason([lambda: None, lambda: first, lambda: KeptBack(reason="rule", text="the second")]) is first
    assert first_reason([lambda: None]) is None
