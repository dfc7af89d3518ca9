from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument, laid_over
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.inventory import StockChange
from daemon.sync.mapping.attribute import map_attribute, map_attribute_set
from daemon.sync.mapping.category import map_category
from daemon.sync.mapping.codes import attribute_code, category_mark
from daemon.sync.mapping.customer import customer_group, map_customer
from daemon.sync.mapping.dependencies import map_dependencies
from daemon.sync.mapping.image import image_files, map_images
from daemon.sync.mapping.inventory import MappedStock, map_quantities
from daemon.sync.mapping.order import map_order_status, map_shipment
from daemon.sync.mapping.prices import map_price, map_tier_prices, map_website_price
from daemon.sync.mapping.product import map_product, product_type
from daemon.sync.mapping.product_status import map_status
from daemon.sync.mapping.tax_class import map_tax_category
from daemon.sync.pricing import PriceChange
from daemon.sync.records.attribute import ErpAttribute, ErpAttributeOption, ErpAttributeValue, ErpControl
from daemon.sync.records.item import (
    ErpCategoryLink,
    ErpConfigurator,
    ErpFile,
    ErpItem,
    ErpKitPart,
    ErpRelatedItem,
    ErpVariant,
)
from daemon.sync.records.quantities import (
    ErpBranchQuantity,
    ErpQuantities,
    ErpVendorQuantity,
    ErpWarehouseQuantity,
)
from daemon.sync.records.sales_price import ErpItemPrices, ErpSalesPrice
from daemon.sync.records.tax_category import ErpTaxCategory
from daemon.sync.shop.customer import ShopCustomer
from daemon.sync.shop.image import ProductImages
from daemon.sync.shop.order import ShopShipment
from daemon.sync.shop.product import CategoryPlace, ShopProduct
from daemon.sync.visibility import VISIBILITIES, read_visibility
from queues.verdicts import Refused
from tests.erp_records import ADA, CUPS, EVERYTHING_ON, MUG, MUGS, ORDER, SHIPMENT, settings_with

TODAY = date(2026, 11, 21)
COLOR = ErpAttribute(
    attribute_id="COLOR",
    description="Colour",
    control="combo",
    options=(
        ErpAttributeOption(value="RED", description="Red", position=1),
        ErpAttributeOption(value="BLU", description="Blue", position=0),
        ErpAttributeOption(value="ROT", description="red ", position=2),
    ),
)
SIZE = ErpAttribute(attribute_id="SIZE", description="Size", control="multi_select", options=COLOR.options)
DEFINITIONS = {"COLOR": COLOR, "SIZE": SIZE}


def active(*names: str) -> list[dict[str, object]]:
    return [{"tab": "General Settings", "schema": name, "name": name, "active": True} for name in names]


def product(item: ErpItem, held: ConnectorSettings, *, is_new: bool | None = None) -> ShopProduct:
    mapped = map_product(item, held, definitions=DEFINITIONS, is_new=is_new)
    assert isinstance(mapped, ShopProduct)
    return mapped


def test_only_active_fields_are_in_the_payload() -> None:
    item = replace(MUG, content="<p>Fine.</p>", page_title="Mug", custom_url="red-mug")

    by_preset = product(item, settings_with())
    by_choice = product(item, settings_with(schema={"product": active("Content", "DimensionWeight", "Categories")}))

    assert by_preset == ShopProduct(
        sku="MUG-RED",
        name="Red mug",
        attribute_set="MUGS",
        is_enabled=True,
        visibility="catalog_search",
        price=Decimal("12.50"),
        tax_class="TAXABLE",
    )
    assert (by_choice.name, by_choice.attribute_set, by_choice.tax_class, by_choice.url_key) == (None, None, None, None)
    assert by_choice.values == {"description": "<p>Fine.</p>"}
    assert by_choice.weight == Decimal("0.4")
    assert by_choice.categories == (CategoryPlace(mark="erp-1042"),)


@given(
    st.sets(st.sampled_from(["Description", "Content", "TaxCategory", "PageTitle", "CustomURL", "Attributes.COLOR"]))
)
def test_a_field_is_told_exactly_when_the_schema_has_it_active(names: set[str]) -> None:
    item = replace(
        MUG,
        content="text",
        page_title="title",
        custom_url="url",
        attributes=(ErpAttributeValue(attribute_id="COLOR", value="RED"),),
    )

    mapped = product(item, settings_with(schema={"product": active(*sorted(names))}))

    told = {
        "Description": mapped.name is not None,
        "TaxCategory": mapped.tax_class is not None,
        "CustomURL": mapped.url_key is not None,
        "Content": "description" in mapped.values,
        "PageTitle": "meta_title" in mapped.values,
        "Attributes.COLOR": "color" in mapped.values,
    }
    assert {name for name, is_told in told.items() if is_told} == names


def test_attributes_go_out_under_their_labels_and_those_outside_the_options_are_refused() -> None:
    held = settings_with(schema={"product": active("Attributes.COLOR", "Attributes.SIZE")})
    good = (
        ErpAttributeValue(attribute_id="COLOR", value="RED"),
        ErpAttributeValue(attribute_id="SIZE", value="RED,BLU"),
    )
    bad = (ErpAttributeValue(attribute_id="COLOR", value="PLAID"),)

    assert product(replace(MUG, attributes=good), held).values == {"color": "Red", "size": ("Red", "Blue")}
    refused = map_product(replace(MUG, attributes=bad), held, definitions=DEFINITIONS)
    assert isinstance(refused, Refused)
    assert refused.error_class == "mapping"
    assert "PLAID" in refused.text


@pytest.mark.parametrize(
    ("control", "value", "expected"),
    [
        ("checkbox", "1", True),
        ("checkbox", "False", False),
        ("number", "1.50", Decimal("1.50")),
        ("text", " a ", "a"),
        ("datetime", "2026-11-21T00:00:00.000", "2026-11-21"),
        ("datetime", "2026-11-21", "2026-11-21"),
        ("datetime", "11/21/2026 12:00:00 AM", "2026-11-21"),
    ],
)
def test_a_value_is_read_as_its_definition_says(control: ErpControl, value: str, expected: object) -> None:
    definition = ErpAttribute(attribute_id="A", description="A", control=control)
    item = replace(MUG, attributes=(ErpAttributeValue(attribute_id="A", value=value),))

    mapped = map_product(item, settings_with(schema={"product": active("Attributes.A")}), definitions={"A": definition})

    assert isinstance(mapped, ShopProduct)
    assert mapped.values == {"a": expected}


@pytest.mark.parametrize("value", ["perhaps", "NaN"])
@pytest.mark.parametrize("control", ["checkbox", "number", "datetime"])
def test_a_value_that_its_definition_does_not_allow_is_refused(control: ErpControl, value: str) -> None:
    definition = ErpAttribute(attribute_id="A", description="A", control=control)
    item = replace(MUG, attributes=(ErpAttributeValue(attribute_id="A", value=value),))

    mapped = map_product(item, settings_with(schema={"product": active("Attributes.A")}), definitions={"A": definition})

    assert isinstance(mapped, Refused)


@pytest.mark.parametrize(("is_new", "is_told"), [(True, True), (False, False), (None, True)])
def test_a_mapping_may_hold_for_new_records_only(*, is_new: bool | None, is_told: bool) -> None:
    row = {"field": "Description", "attribute": "name", "use_in": "create"}
    held = settings_with(mappings={"product_fields": [row]})

    assert (product(MUG, held, is_new=is_new).name is not None) == is_told


def test_a_field_that_goes_to_the_erp_does_not_come_from_there() -> None:
    row = {"field": "Description", "attribute": "name", "direction": "to_acumatica"}

    assert product(MUG, settings_with(mappings={"product_fields": [row]})).name is None


@pytest.mark.parametrize(
    ("item", "source", "expected"),
    [
        (MUG, "none", "simple"),
        (replace(MUG, kind="non_stock", requires_shipment=False), "none", "virtual"),
        (replace(MUG, kind="non_stock", requires_shipment=True), "none", "simple"),
        (replace(MUG, kind="template"), "matrix_item", "configurable"),
        (
            replace(MUG, configurator=ErpConfigurator(attributes=(), variants=())),
            "product_configurator",
            "configurable",
        ),
        (replace(MUG, configurator=ErpConfigurator(attributes=(), variants=())), "matrix_item", "simple"),
    ],
)
def test_the_type_follows_from_the_kind_of_item_and_the_configurable_source(
    item: ErpItem, source: str, expected: str
) -> None:
    held = settings_with(products={"configurable_source": source}, capabilities={"product_configurator": True})

    assert product_type(item, held) == expected


def test_a_template_becomes_a_configurable_of_its_active_enabled_items() -> None:
    template = replace(
        MUG,
        inventory_id="MUG",
        kind="template",
        item_class=replace(MUGS, variant_attributes=("COLOR",)),
        variants=(
            ErpVariant(inventory_id="MUG-RED", is_enabled_for_sync=True),
            ErpVariant(inventory_id="MUG-OLD", status="Inactive", is_enabled_for_sync=True),
            ErpVariant(inventory_id="MUG-OWN", is_enabled_for_sync=False),
            ErpVariant(inventory_id="MUG-BLU", is_enabled_for_sync=True),
        ),
    )
    held = settings_with(
        products={"configurable_source": "matrix_item"}, schema={"product": active("Attributes.COLOR")}
    )

    mapped = product(template, held)

    assert mapped.parts is not None
    assert (mapped.parts.options, mapped.parts.children) == (("color",), ("MUG-RED", "MUG-BLU"))
    assert mapped.price is None


def variant(sku: str, **values: str) -> ErpVariant:
    attributes = tuple(ErpAttributeValue(attribute_id=name, value=value) for name, value in values.items())
    return ErpVariant(inventory_id=sku, is_enabled_for_sync=True, attributes=attributes)


LISTED = {
    name: ErpAttribute(attribute_id=name, description=name, control="combo") for name in ("SIZE", "COLOR", "MAKER")
}


@pytest.mark.parametrize(
    ("chosen", "expected"), [([], ("color", "size")), (["SIZE"], ("size",)), (["WEIGHT", "COLOR"], ("color",))]
)
def test_the_items_of_a_template_vary_by_what_was_chosen_else_by_the_lists_in_which_they_differ(
    chosen: list[str], expected: tuple[str, ...]
) -> None:
    template = replace(
        MUG,
        kind="template",
        variants=(
            variant("A", SIZE="S", COLOR="RED", MAKER="ACME", NOTE="one"),
            variant("B", SIZE="L", COLOR="RED", MAKER="ACME", NOTE="two"),
            variant("C", SIZE="L", COLOR="BLUE", MAKER="ACME", NOTE="three"),
        ),
    )
    names = ("Attributes.COLOR", "Attributes.SIZE", "Attributes.MAKER", "Attributes.NOTE")
    held = settings_with(
        products={"configurable_source": "matrix_item", "variant_attributes": chosen},
        schema={"product": active(*names)},
    )

    mapped = map_product(template, held, definitions=LISTED)

    assert not isinstance(mapped, Refused)
    assert mapped.parts is not None
    assert mapped.parts.options == expected


def test_a_template_whose_items_differ_by_nothing_is_refused_with_what_to_do() -> None:
    template = replace(MUG, kind="template", variants=(variant("A", SIZE="S"),))
    held = settings_with(products={"configurable_source": "matrix_item"}, schema={"product": active("Attributes.SIZE")})

    mapped = map_product(template, held, definitions=LISTED)

    assert isinstance(mapped, Refused)
    assert mapped.error_class == "mapping"
    assert "products.variant_attributes" in mapped.text


def test_categories_that_are_not_enabled_lose_the_link_and_not_the_product() -> None:
    links = (ErpCategoryLink(category_id="1", is_enabled_for_sync=False), *MUG.categories)

    mapped = product(replace(MUG, categories=links), settings_with(schema={"product": active("Categories")}))

    assert mapped.categories == (CategoryPlace(mark="erp-1042"),)


@pytest.mark.parametrize("sku", ["", "x" * 65])
def test_an_inventory_id_that_is_no_sku_is_refused(sku: str) -> None:
    assert isinstance(map_product(replace(MUG, inventory_id=sku), settings_with(), definitions={}), Refused)


def test_the_four_visibilities_come_in_the_order_of_the_shops_numbers() -> None:
    assert [read_visibility(word) for word in VISIBILITIES] == [
        "not_visible_individually", "catalog", "search", "catalog_search",
    ]  # fmt: skip
    assert read_visibility(" catalog, search ") == "catalog_search"
    assert read_visibility("") is None


@given(st.text(max_size=80))
def test_any_attribute_id_makes_a_code_that_the_shop_takes(attribute_id: str) -> None:
    code = attribute_code(attribute_id)

    assert 1 <= len(code) <= 60
    assert code[0] in "abcdefghijklmnopqrstuvwxyz"
    assert set(code) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_an_attribute_called_like_one_of_the_shops_own_gets_another_code() -> None:
    assert attribute_code("PRICE") == "erp_price"
    assert attribute_code("1ST") == "erp_1st"
    assert category_mark(" 1042 ") == "erp-1042"


def test_an_attribute_goes_out_with_its_options_in_order_and_each_label_once() -> None:
    mapped = map_attribute(COLOR, settings_with(schema={"product": active("Attributes.COLOR")}))

    assert mapped is not None
    assert (mapped.code, mapped.label, mapped.input) == ("color", "Colour", "select")
    assert [(option.label, option.position) for option in mapped.options] == [("Blue", 0), ("Red", 1)]
    assert map_attribute(SIZE, settings_with()) is None


def test_an_attribute_set_is_called_as_the_class_and_has_its_active_attributes() -> None:
    mapped = map_attribute_set(
        replace(MUGS, class_id="MUGS  "), settings_with(schema={"product": active("Attributes.SIZE")})
    )

    assert (mapped.name, mapped.attributes) == ("MUGS", ("size",))


def test_a_tax_category_goes_to_the_class_it_is_mapped_to() -> None:
    held = settings_with(mappings={"tax_classes": [{"tax_category": "TAXABLE", "tax_class": "Taxable Goods"}]})
    named = [map_tax_category(ErpTaxCategory(tax_category_id=each), held) for each in ("TAXABLE", "EXEMPT")]

    assert [each.name for each in named if each] == ["Taxable Goods", "EXEMPT"]
    assert map_tax_category(ErpTaxCategory(tax_category_id="OLD", is_active=False), held) is None
    assert product(MUG, held).tax_class == "Taxable Goods"


@pytest.mark.parametrize(("status", "enabled"), [("Active", True), ("Inactive", False), ("Marked for Deletion", False)])
def test_an_item_that_stops_being_active_is_disabled_in_the_shop(*, status: str, enabled: bool) -> None:
    assert map_status(replace(MUG, status=status), settings_with()).enabled is enabled


def test_dependencies_are_told_kind_by_kind_so_that_old_links_go() -> None:
    related = (
        ErpRelatedItem(inventory_id="B", relation="related", position=2),
        ErpRelatedItem(inventory_id="A", relation="substitute", position=1),
        ErpRelatedItem(inventory_id="C", relation="cross_sell"),
        ErpRelatedItem(inventory_id="D", relation="up_sell", is_active=False),
        ErpRelatedItem(inventory_id="MUG-RED", relation="related"),
    )
    kit = replace(MUG, is_kit=True, kit_parts=(ErpKitPart(inventory_id="LID", quantity=Decimal(1)),), related=related)

    assert dict(map_dependencies(replace(MUG, related=related), {}).links) == {
        "related": ("A", "B"), "up_sell": (), "cross_sell": ("C",),
    }  # fmt: skip
    assert map_dependencies(kit, {}).links["associated"] == ("LID",)


def test_links_that_nobody_tells_are_left_alone_and_those_of_the_event_go_first() -> None:
    kit = replace(MUG, is_kit=True)
    related = replace(MUG, related=(ErpRelatedItem(inventory_id="A", relation="related"),))

    assert dict(map_dependencies(kit, {}).links) == {}
    assert dict(map_dependencies(kit, {"up_sell": ("B", "MUG-RED", "B"), "associated": ()}).links) == {
        "up_sell": ("B",), "associated": (),
    }  # fmt: skip
    assert map_dependencies(related, {"related": ("B",)}).links["related"] == ("B",)


def test_the_first_image_has_all_roles_and_equal_ones_come_once() -> None:
    front, again, notes = (
        ErpFile(file_id=name, name=name, href=f"files/{name}") for name in ("front.jpg", "again.JPG", "notes.pdf")
    )
    item = replace(MUG, images=(front, again, notes, front))

    assert image_files(item) == (front, again)
    mapped = map_images(item, [(front, b"\xff\xd8\xff1"), (again, b"\xff\xd8\xff1"), (front, b"\x89PNG\r\n\x1a\n2")])

    assert isinstance(mapped, ProductImages)
    assert [(image.position, bool(image.roles)) for image in mapped.images] == [(1, True), (2, False)]
    assert isinstance(map_images(item, [(front, b"%PDF-1.7")]), Refused)


def test_a_category_stands_where_the_erp_has_it_and_its_status_hides_it() -> None:
    held = settings_with(schema={"category": active("SortOrder")})

    top = map_category(replace(CUPS, parent_id="0", position=0), held)
    below = map_category(replace(CUPS, parent_id="7", shop_status="Inactive"), settings_with())

    assert not isinstance(top, Refused)
    assert not isinstance(below, Refused)
    assert (top.mark, top.name, top.parent, top.position, top.is_active) == ("erp-1042", "Cups", None, 1, True)
    assert (below.parent, below.position, below.is_active) == ("erp-7", None, False)
    assert isinstance(map_category(replace(CUPS, description=" "), held), Refused)


def price_row(price: str, **changes: Any) -> ErpSalesPrice:  # noqa: ANN401 - whatever the record or group has
    return replace(ErpSalesPrice(record_id=price, inventory_id="MUG", price=Decimal(price)), **changes)


PRICES = ErpItemPrices(
    inventory_id="MUG ", default_price=Decimal(10), sales_unit="EA", base_currency="USD", rows=(price_row("9"),)
)


def price_of(prices: ErpItemPrices, **groups: Any) -> PriceChange | KeptBack | Refused:  # noqa: ANN401 - whatever the record or group has
    return map_price(prices, settings_with(capabilities={"commerce_pro": True}, **groups), today=TODAY)


@pytest.mark.parametrize(
    ("source", "own", "expected"),
    [
        ("default_price", Decimal(8), Decimal(10)),
        ("sales_price", Decimal(8), Decimal(8)),
        ("sales_price", None, Decimal(9)),
    ],
)
def test_the_price_preference_chooses_the_price(source: str, own: Decimal | None, expected: Decimal) -> None:
    mapped = price_of(replace(PRICES, sales_price=own), price={"source": source})

    assert mapped == PriceChange(sku="MUG", storeview=None, price=expected)


def test_an_item_without_the_chosen_price_is_kept_back_and_one_below_zero_refused() -> None:
    assert isinstance(price_of(replace(PRICES, default_price=None)), KeptBack)
    assert isinstance(price_of(replace(PRICES, default_price=Decimal(-1))), Refused)


@pytest.mark.parametrize(
    "changes",
    [{"warehouse": "EAST"}, {"unit": "BOX"}, {"currency": "EUR"}, {"expires_on": TODAY - timedelta(days=1)},
     {"price_type": "customer", "price_code": "C1"}, {"break_quantity": Decimal(10)}, {"is_promotion": True}],
)  # fmt: skip
def test_prices_that_are_not_for_everybody_today_are_no_base_prices(changes: dict[str, Any]) -> None:
    rows = (price_row("9"), price_row("1", effective_on=TODAY, **changes))

    mapped = price_of(replace(PRICES, rows=rows), price={"source": "sales_price"})

    assert isinstance(mapped, PriceChange)
    assert mapped.price == 9


def test_the_promotion_that_holds_is_the_special_price_with_its_days_in_the_erps_zone() -> None:
    rows = (
        price_row("7", is_promotion=True, effective_on=TODAY, expires_on=TODAY),
        price_row("5", is_promotion=True, effective_on=TODAY + timedelta(days=1)),
    )
    held = settings_with(price={"sales_price_sync": True})

    gone = map_price(PRICES, held, today=TODAY)
    now = map_price(replace(PRICES, rows=rows), held, today=TODAY, zone=timezone(timedelta(hours=1)))
    coming = map_price(replace(PRICES, rows=rows[1:]), held, today=TODAY)

    assert isinstance(now, PriceChange)
    assert isinstance(coming, PriceChange)
    assert (now.special_price, now.special_from, now.special_to) == (
        Decimal(7), datetime(2026, 11, 20, 23, tzinfo=UTC), datetime(2026, 11, 21, 22, 59, 59, tzinfo=UTC),
    )  # fmt: skip
    assert (coming.special_price, coming.special_from) == (Decimal(5), datetime(2026, 11, 22, tzinfo=UTC))
    assert isinstance(gone, PriceChange)
    assert [each.special_price_withdrawn for each in (now, coming, gone)] == [False, False, True]


def test_breaks_and_price_classes_become_tiers() -> None:
    group = {"group": "Trade", "customer_class": "RETAIL", "price_class": "TRADE"}
    rows = (
        price_row("9"),
        price_row("8", break_quantity=Decimal(10)),
        price_row("7", break_quantity=Decimal(10), is_promotion=True),
        price_row("6", price_type="customer_price_class", price_code="TRADE"),
        price_row("5", price_type="customer_price_class", price_code="UNKNOWN"),
        price_row("4", price_type="customer", price_code="C1", break_quantity=Decimal(10)),
    )

    mapped = map_tier_prices(
        replace(PRICES, rows=rows),
        SettingsDocument(
            default=settings_with(price={"sales_price_sync": True}, mappings={"customer_groups": [group]})
        ),
        today=TODAY,
    )

    assert [(tier.group, int(tier.quantity), int(tier.price)) for tier in mapped.tiers] == [
        (None, 10, 7),
        ("Trade", 1, 6),
    ]


EURO = {
    "code": "eu",
    "kind": "website",
    "overrides": {"price": {"currency": "EUR", "sales_price_sync": True}},
}
EURO_VIEW = {"code": "eu_en", "kind": "store_view", "website": "eu"}


def test_a_website_with_a_currency_of_its_own_has_the_prices_in_it() -> None:
    document = SettingsDocument.from_document(
        {
            "capabilities": {"commerce_pro": True},
            "price": {"source": "sales_price", "currency": "USD"},
            "syncs": {"inventory_price": {"enabled": True}},
            "scopes": [EURO, EURO_VIEW],
        }
    )
    rows = (
        price_row("9", currency="USD"),
        price_row("8", currency="EUR"),
        price_row("7", currency="EUR", break_quantity=Decimal(10)),
    )
    prices = replace(PRICES, rows=rows, base_currency="USD", sales_price=Decimal(99))

    mapped = map_website_price(prices, "eu", document, today=TODAY)
    tiers = map_tier_prices(prices, document, today=TODAY)
    none = map_website_price(replace(prices, rows=rows[:1]), "eu", document, today=TODAY)

    assert mapped == PriceChange(
        sku="MUG", storeview="eu_en", price=Decimal(8), special_price_withdrawn=True, website="eu"
    )
    assert [(tier.website, int(tier.price)) for tier in tiers.tiers] == [("eu", 7)]
    assert tiers.websites == ("eu",)
    assert isinstance(none, KeptBack)


def test_a_website_that_only_has_promotions_of_its_own_goes_on_following_the_price_of_all() -> None:
    website = {**EURO, "overrides": {"price": {"sales_price_sync": True}}}
    on = {"syncs": {"inventory_price": {"enabled": True}}}
    rows = (price_row("7", is_promotion=True),)

    mapped = map_website_price(
        replace(PRICES, rows=rows),
        "eu",
        SettingsDocument.from_document({**on, "scopes": [website, EURO_VIEW]}),
        today=TODAY,
    )

    assert isinstance(mapped, PriceChange)
    assert (mapped.special_price, mapped.price_inherited) == (Decimal(7), True)


def stock_of(quantities: ErpQuantities, **groups: Any) -> MappedStock:  # noqa: ANN401 - whatever the record or group has
    document = laid_over(laid_over(EVERYTHING_ON, {"capabilities": {"commerce_pro": True}}), groups)
    mapped = map_quantities(quantities, SettingsDocument.from_document(document))
    assert isinstance(mapped, MappedStock)
    return mapped


QUANTITIES = ErpQuantities(
    inventory_id="MUG ",
    warehouses=(
        ErpWarehouseQuantity(
            warehouse="MAIN", available=Decimal(3), available_for_shipping=Decimal(2), on_hand=Decimal(5)
        ),
        ErpWarehouseQuantity(
            warehouse="EAST", available=Decimal(-1), available_for_shipping=Decimal(7), on_hand=Decimal(9)
        ),
    ),
    vendors=(ErpVendorQuantity(vendor="V1", quantity=Decimal(100)),),
)


@pytest.mark.parametrize(("kind", "total"), [("available", 2), ("available_for_shipping", 9), ("on_hand", 14)])
def test_the_chosen_quantity_is_summed_over_the_warehouses(kind: str, total: int) -> None:
    mapped = stock_of(QUANTITIES, inventory={"quantity": kind})

    assert mapped.rows == (StockChange(sku="MUG", source_code="default", quantity=Decimal(total), in_stock=True),)


def test_only_monitored_warehouses_count_and_negative_quantities_go_out_as_they_are() -> None:
    mapped = stock_of(QUANTITIES, inventory={"warehouses": ["east"]})

    assert mapped.rows == (StockChange(sku="MUG", source_code="default", quantity=Decimal(-1), in_stock=False),)


def test_with_a_warehouse_mapping_quantities_go_source_by_source() -> None:
    rows = [{"source": "west", "warehouse": "MAIN"}, {"source": "east", "warehouse": "EAST"}]

    mapped = stock_of(QUANTITIES, mappings={"warehouses": rows}, inventory={"quantity": "on_hand"})

    assert [(row.source_code, int(row.quantity)) for row in mapped.rows] == [("east", 9), ("west", 5)]
    assert [row.source_code for row in stock_of(QUANTITIES, mappings={"warehouses": rows[:1]}).rows] == ["west"]


@given(
    st.dictionaries(st.sampled_from("ABCD"), st.integers(-1000, 1000), min_size=1),
    st.dictionaries(st.sampled_from("ABCD"), st.sampled_from(["one", "two"])),
)
def test_what_the_sources_hold_is_what_their_warehouses_hold(levels: dict[str, int], sources: dict[str, str]) -> None:
    held = [ErpWarehouseQuantity(warehouse=name, available=Decimal(level)) for name, level in levels.items()]
    rows = [{"warehouse": warehouse, "source": source} for warehouse, source in sources.items()]
    document = SettingsDocument.from_document(laid_over(EVERYTHING_ON, {"mappings": {"warehouses": rows}}))

    mapped = map_quantities(ErpQuantities(inventory_id="MUG", warehouses=tuple(held)), document)

    counted = {name: level for name, level in levels.items() if not sources or name in sources}
    if counted:
        assert isinstance(mapped, MappedStock)
        assert sum(row.quantity for row in mapped.rows) == sum(counted.values())
        assert len({row.source_code for row in mapped.rows}) == len(mapped.rows)
    else:
        assert isinstance(mapped, KeptBack)


@pytest.mark.parametrize(
    ("choice", "quantity", "apart"),
    [("none", 2, {}), ("sum", 102, {}), ("separate", 2, {"vendor_quantity": Decimal(100)})],
)
def test_vendor_quantities_are_left_out_added_or_told_apart(
    choice: str, quantity: int, apart: Mapping[str, Decimal]
) -> None:
    told = {"vendor_quantity": choice, "vendor_field": "Item.UsrVendorQty"}
    held = settings_with(inventory=told, capabilities={"commerce_pro": True})

    mapped = stock_of(QUANTITIES, inventory=told)
    item = product(replace(MUG, fields={"Item.UsrVendorQty": "100"}), held)
    unknown = product(replace(MUG, fields={"Item.UsrVendorQty": "many"}), held)

    assert (int(mapped.rows[0].quantity), item.values) == (quantity, apart)
    assert unknown.values == {}


def test_branch_wise_every_website_gets_the_quantity_of_its_branch() -> None:
    quantities = replace(
        QUANTITIES,
        branches=(
            ErpBranchQuantity(branch="NORTH", quantity=Decimal(4)),
            ErpBranchQuantity(branch="X", quantity=Decimal(9)),
        ),
    )
    scopes = [
        {"code": "base", "kind": "website", "branch": "NORTH"},
        {"code": "b2b", "kind": "website", "branch": "SOUTH"},
    ]

    mapped = stock_of(quantities, inventory={"mode": "branch_wise"}, scopes=scopes)

    assert [(row.source_code, int(row.quantity)) for row in mapped.rows] == [("base", 4)]


def test_without_a_definition_a_branch_has_what_its_warehouses_have() -> None:
    scopes = [{"code": code, "kind": "website", "branch": branch} for code, branch in (("b2b", "South"), ("b2c", "X"))]
    rows = [{"branch": "SOUTH", "warehouse": "MAIN"}, {"branch": "SOUTH", "warehouse": "east"}]

    mapped = stock_of(QUANTITIES, inventory={"mode": "branch_wise"}, scopes=scopes, mappings={"branches": rows})

    assert [(row.source_code, int(row.quantity)) for row in mapped.rows] == [("b2b", 2)]


def test_a_website_with_warehouses_of_its_own_has_their_quantity_at_its_sources() -> None:
    east = {"inventory": {"warehouses": ["EAST"]}}
    table = {"mappings": {"warehouses": [{"source": "london", "warehouse": "MAIN"}]}}
    shut = {"syncs": {"inventory_price": {"enabled": False}}}

    def at(*overrides: tuple[str, Mapping[str, Any]], **groups: Any) -> list[tuple[str, int]]:  # noqa: ANN401 - JSON
        scopes: list[object] = [{"code": code, "kind": "website", "overrides": said} for code, said in overrides]
        return [(row.source_code, int(row.quantity)) for row in stock_of(QUANTITIES, scopes=scopes, **groups).rows]

    assert at(("eu", east), ("uk", table), ("us", {})) == [("default", 2), ("eu", -1), ("london", 3)]
    assert at(("eu", {"syncs": {"inventory_price": {"enabled": True, "what": "inventory"}}}), **shut) == [("eu", 2)]
    assert at(("eu", {**east, **shut})) == [("default", 2)]


@pytest.mark.parametrize(("backorders", "in_stock"), [(None, False), ("0", False), ("1", True), ("2", True)])
def test_items_that_may_be_ordered_back_stay_in_stock(*, backorders: str | None, in_stock: bool) -> None:
    empty = replace(QUANTITIES, warehouses=(ErpWarehouseQuantity(warehouse="MAIN", available=Decimal(0)),))

    assert stock_of(replace(empty, backorders=backorders)).rows[0].in_stock is in_stock
    assert not stock_of(replace(empty, backorders=backorders), inventory={"backorder_rule": False}).rows[0].in_stock


def test_quantities_in_sales_units_are_never_more_than_there_is() -> None:
    mapped = stock_of(replace(QUANTITIES, units_per_sales_unit=Decimal(3)), inventory={"in_sales_units": True})

    assert mapped.rows[0].quantity == Decimal("0.6666")


def test_an_item_without_any_quantity_that_counts_is_kept_back() -> None:
    mapped = map_quantities(ErpQuantities(inventory_id="MUG"), SettingsDocument(default=settings_with()))

    assert isinstance(mapped, KeptBack)


def customer(held: ConnectorSettings, **changes: Any) -> ShopCustomer:  # noqa: ANN401 - whatever the record or group has
    mapped = map_customer(replace(ADA, **changes), held, definitions=DEFINITIONS)
    assert isinstance(mapped, ShopCustomer)
    return mapped


def test_a_customer_is_found_by_mail_and_goes_to_the_group_of_its_class() -> None:
    rows = [
        {"group": "Retail", "customer_class": "RETAIL"},
        {"group": "Trade", "customer_class": "TRADE", "price_class": "T1"},
    ]
    held = settings_with(mappings={"customer_groups": rows})

    mapped = customer(held)

    assert (mapped.email, mapped.first_name, mapped.last_name) == ("ada@example.com", "Ada", "Lovelace")
    assert (mapped.group, mapped.addresses) == ("Retail", None)
    assert customer_group(replace(ADA, customer_class="TRADE", price_class="T1"), held) == "Trade"
    assert customer_group(replace(ADA, customer_class="TRADE", price_class="T2"), held) is None


def test_addresses_go_out_when_active_and_complete_only() -> None:
    held = settings_with(schema={"customer": active("BillingContact.Address")})
    incomplete = replace(ADA.main, phone=None)

    told = customer(held).addresses

    assert told is not None
    assert [(each.street, each.country, each.is_default_billing, each.is_default_shipping) for each in told] == [
        (("12 St James's Square",), "GB", True, True)
    ]
    assert customer(held, main=incomplete).addresses == ()


def test_customer_attributes_go_out_when_the_preference_says_so() -> None:
    attributes = (ErpAttributeValue(attribute_id="COLOR", value="RED"),)
    on = {"capabilities": {"magento_commerce": True}, "customers": {"attributes_to_shop": True}}
    schema = {"customer": active("Attributes.COLOR")}

    assert customer(settings_with(schema=schema, **on), attributes=attributes).values == {"color": "Red"}
    assert customer(settings_with(schema=schema), attributes=attributes).values == {}


def test_a_name_of_one_word_is_never_half_a_name() -> None:
    mapped = customer(settings_with(), name="Plato")

    assert (mapped.first_name, mapped.last_name) == ("Plato", "Plato")


def test_the_status_of_an_order_is_the_one_it_is_mapped_to() -> None:
    mapped = map_order_status(ORDER, settings_with())

    assert not isinstance(mapped, Refused)
    assert (mapped.order, mapped.status) == ("000000123", "processing")
    assert isinstance(map_order_status(replace(ORDER, status="SHIPPING"), settings_with()), Refused)


def shipments(held: ConnectorSettings, **changes: Any) -> tuple[ShopShipment, ...]:  # noqa: ANN401 - whatever the record or group has
    mapped = map_shipment(replace(SHIPMENT, **changes), held)
    assert not isinstance(mapped, Refused)
    return mapped


def test_a_shipment_carries_lines_tracking_carrier_and_source() -> None:
    mappings = {
        "carriers": [{"ship_via": "UPS GROUND", "carrier": "ups", "title": "UPS"}],
        "warehouses": [{"source": "west", "warehouse": "MAIN"}],
    }

    (told,) = shipments(settings_with(mappings=mappings))

    assert (told.order, told.key, told.source) == ("000000123", "000045", "west")
    assert [(line.sku, int(line.quantity)) for line in told.lines] == [("MUG-RED", 2)]
    assert [(track.number, track.carrier, track.title) for track in told.tracks] == [("1Z999", "ups", "UPS")]


def test_a_drop_shipment_carries_the_ship_via_chosen_for_it_and_is_refused_without() -> None:
    (told,) = shipments(settings_with(shipment={"dropship_ship_via": "VENDOR"}), is_dropship=True)
    refused = map_shipment(replace(SHIPMENT, is_dropship=True), settings_with())

    assert [(track.carrier, track.title) for track in told.tracks] == [("custom", "VENDOR")]
    assert isinstance(refused, Refused)
    assert "shipment.dropship_ship_via" in refused.text
