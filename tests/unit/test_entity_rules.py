"""Gate and mapping together: the first reason counts, in the order of the pipeline; what passes is mapped."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.price import PricePreferences
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.entity_rules import (
    CategoryWithAncestors,
    CustomerWithDefinitions,
    ItemWithDefinitions,
    ItemWithImages,
    attribute_rule,
    attribute_set_rule,
    category_rule,
    customer_rule,
    dependencies_rule,
    image_rule,
    invoice_rule,
    order_status_rule,
    product_rule,
    shipment_rule,
    tax_category_rule,
    tier_price_rule,
)
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.records.attribute import ErpAttribute
from daemon.sync.records.item import ErpFile, ErpRelatedItem
from daemon.sync.records.sales_price import ErpItemPrices
from daemon.sync.records.tax_category import ErpTaxCategory
from queues.message import ChangeEvent
from queues.verdicts import Refused
from tests.erp_records import ADA, CUPS, INVOICE, MUG, MUGS, ORDER, SHIPMENT, settings_with

PNG = b"\x89PNG\r\n\x1a\n..."
RELATED = replace(MUG, related=(ErpRelatedItem(inventory_id="CUP", relation="related"),))
IMAGE = ErpFile(file_id="f-1", name="mug.png", href="/files/f-1")


def event(*changed: str) -> ChangeEvent:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return ChangeEvent(
        id="1", source="acumatica/Shop", type="to_magento.product", subject="X", time=at, changed=changed or None
    )


RULES: dict[str, Callable[[ConnectorSettings], Any]] = {
    "product": lambda settings: product_rule(ItemWithDefinitions(item=MUG), settings, event()),
    "product_dependencies": lambda settings: dependencies_rule(RELATED, settings, event()),
    "product_image": lambda settings: image_rule(ItemWithImages(item=MUG, files=[(IMAGE, PNG)]), settings, event()),
    "attribute": lambda settings: attribute_rule(
        ErpAttribute(attribute_id="COLOR", description="Colour"), settings, event()
    ),
    "attribute_set": lambda settings: attribute_set_rule(MUGS, settings, event()),
    "tax_category": lambda settings: tax_category_rule(ErpTaxCategory(tax_category_id="TAXABLE"), settings, event()),
    "tier_price": lambda settings: tier_price_rule(
        ErpItemPrices(inventory_id="MUG"),
        SettingsDocument(default=replace(settings, price=PricePreferences(sales_price_sync=True))),
        event(),
    ),
    "category": lambda settings: category_rule(CategoryWithAncestors(category=CUPS), settings, event()),
    "customer": lambda settings: customer_rule(CustomerWithDefinitions(customer=ADA), settings, event()),
    "order_status": lambda settings: order_status_rule(ORDER, settings, event()),
    "shipment": lambda settings: shipment_rule(SHIPMENT, settings, event()),
    "invoice": lambda settings: invoice_rule(INVOICE, settings, event()),
}


ACTIVE = {"tab": "Attributes", "schema": "Attributes.COLOR", "name": "Colour", "active": True}


@pytest.mark.parametrize("entity", RULES)
def test_what_is_in_order_is_mapped(entity: str) -> None:
    wanted = RULES[entity](settings_with(**({"schema": {"product": [ACTIVE]}} if entity == "attribute" else {})))

    assert not isinstance(wanted, KeptBack | Refused), wanted
    assert len(wanted) == 1


@pytest.mark.parametrize("entity", RULES)
def test_an_entity_that_is_switched_off_is_kept_back_before_all_else(entity: str) -> None:
    wanted = RULES[entity](settings_with(entities={entity: {"active": False}}))

    assert isinstance(wanted, KeptBack)
    assert wanted.reason == "entity_inactive"


def test_each_reason_comes_after_the_one_before_it_is_mended() -> None:
    item = replace(MUG, status="Inactive", inventory_id="X" * 65)
    off = {"product": {"enabled": False}}
    rule = {
        "name": "no mugs",
        "entity": "product",
        "conditions": [{"field": "InventoryID", "operator": "contains", "values": ["X"]}],
    }

    def reason(item_status: str, changed: str, **groups: Any) -> str:  # noqa: ANN401 - JSON
        record = ItemWithDefinitions(item=replace(item, status=item_status))
        wanted = product_rule(record, settings_with(**groups), event(changed))
        return wanted.reason if isinstance(wanted, KeptBack) else type(wanted).__name__

    assert [
        reason("Inactive", "Nonsense", syncs=off, rules=[rule]),
        reason("Inactive", "Nonsense", rules=[rule]),
        reason("Inactive", "Description", rules=[rule]),
        reason("Active", "Description", rules=[rule]),
        reason("Active", "Description"),
    ] == ["sync_disabled", "fields_inactive", "item_not_active", "rule", Refused.__name__]


def test_the_categories_above_go_out_first_those_that_go_out_at_all() -> None:
    above = [
        replace(CUPS, category_id="1", description="All", parent_id=None),
        replace(CUPS, category_id="2", description="Hidden", parent_id="1", is_enabled_for_sync=False),
    ]

    wanted = category_rule(CategoryWithAncestors(category=CUPS, ancestors=above), settings_with(), event())

    assert isinstance(wanted, list)
    assert [each.name for each in wanted] == ["All", CUPS.description]


def test_links_that_nobody_knows_are_kept_back_and_those_of_the_event_go_out() -> None:
    told = replace(event(), type="to_magento.product_dependencies", data={"up_sell": ["CUP"], "related": None})

    unknown = dependencies_rule(MUG, settings_with(), event())
    known = dependencies_rule(MUG, settings_with(), told)

    assert isinstance(unknown, KeptBack)
    assert unknown.reason == "links_unknown"
    assert isinstance(known, tuple)
    assert [dict(each.links) for each in known] == [{"up_sell": ("CUP",)}]


def test_a_class_that_is_not_enabled_and_a_tax_category_out_of_use_are_kept_back() -> None:
    off = attribute_set_rule(replace(MUGS, is_enabled_for_sync=False), settings_with(), event())
    old = tax_category_rule(ErpTaxCategory(tax_category_id="OLD", is_active=False), settings_with(), event())

    assert [each.reason for each in (off, old) if isinstance(each, KeptBack)] == [
        "item_class_not_enabled", "tax_category_inactive",
    ]  # fmt: skip


def test_tier_prices_go_out_only_with_the_sales_price_sync() -> None:
    kept = tier_price_rule(ErpItemPrices(inventory_id="MUG"), SettingsDocument(default=settings_with()), event())

    assert isinstance(kept, KeptBack)
    assert kept.text == "price.sales_price_sync is false"


def test_an_attribute_that_is_not_active_is_kept_back() -> None:
    wanted = attribute_rule(ErpAttribute(attribute_id="MARGIN", description="Margin"), settings_with(), event())

    assert isinstance(wanted, KeptBack)
    assert "MARGIN" in wanted.text
