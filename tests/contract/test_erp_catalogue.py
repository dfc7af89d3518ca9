"""The catalogue as senders read it, over the simulated Acumatica: whole, as the settings say, in few requests."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from daemon.erp.catalogue import (
    attribute_set_reader,
    dependencies_reader,
    image_reader,
    product_reader,
    tax_category_reader,
)
from daemon.erp.categories import category_reader
from daemon.erp.items import Items
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.entity_rules import CategoryWithAncestors, ItemWithDefinitions, ItemWithImages
from daemon.sync.hydrating import RecordReader
from daemon.sync.records.item import ErpItem
from daemon.sync.records.item_class import ErpItemClass
from queues.verdicts import Refused, Unreachable
from tests.acumatica_client import Pair, pair
from tests.erp_records import settings_with

BOX = "Item.UsrShop"


def schema(*names: str) -> Mapping[str, Any]:
    return {"product": [{"tab": "General Settings", "schema": name, "name": name, "active": True} for name in names]}


def box(*, is_ticked: bool) -> Mapping[str, Any]:
    return {"Item": {"UsrShop": {"type": "CustomBooleanField", "value": is_ticked}}}


async def save(both: Pair, entity: str, **values: object) -> None:
    await both.site.control("POST", f"records/{entity}", values)


async def requests(both: Pair, path: str = "Default") -> list[str]:
    journal = await both.site.control("GET", f"requests?path={path}")
    return [each["path"].partition("?")[0].rpartition("24.200.001/")[2] for each in journal["items"]]


def with_definitions(record: object) -> ItemWithDefinitions:
    assert isinstance(record, ItemWithDefinitions), record
    return record


async def test_a_product_comes_with_its_class_and_the_definitions_that_its_mapping_needs() -> None:
    held = settings_with(schema=schema("Attributes.COLOUR", "CountryOfOrigin", "Item.UsrBrand", "RequireShipment"))
    custom = {"Item": {"UsrBrand": {"type": "CustomStringField", "value": "Acme"}}}
    async with pair() as both:
        await save(both, "StockItem", InventoryID="AC-1000", CountryOfOrigin="GB", custom=custom)
        read = with_definitions(await product_reader(both.client, Items(both.client)).read("AC-1000", held))

    assert read.item.item_class is not None
    assert read.item.item_class.attributes == ("COLOUR", "MATERIAL")
    assert set(read.definitions) == {"COLOUR"}
    assert (read.item.fields["CountryOfOrigin"], read.item.fields["Item.UsrBrand"]) == ("GB", "Acme")


async def test_classes_and_definitions_are_read_once_for_many_items() -> None:
    held = settings_with(schema=schema("Attributes.COLOUR"))
    async with pair() as both:
        reader = product_reader(both.client, Items(both.client))
        with_definitions(await reader.read("AC-1000", held))
        await both.site.control("DELETE", "requests")
        with_definitions(await reader.read("AC-1002", held))

        assert await requests(both) == ["StockItem/AC-1002"]


async def test_a_class_that_was_enabled_and_a_value_that_was_added_a_moment_ago_count_at_once() -> None:
    held = settings_with(schema=schema("Attributes.COLOUR"), products={"item_class_box": BOX})
    mauve = {"AttributeID": "COLOUR", "Value": "MAUVE"}
    async with pair() as both:
        reader = product_reader(both.client, Items(both.client))
        await save(both, "ItemClass", ClassID="HARDWARE", custom=box(is_ticked=False))
        await save(both, "StockItem", InventoryID="AC-1000", Attributes=[mauve])
        before = with_definitions(await reader.read("AC-1000", held))
        await save(both, "ItemClass", ClassID="HARDWARE", custom=box(is_ticked=True))
        await save(both, "AttributeDefinition", AttributeID="COLOUR", Values=[{"ValueID": "MAUVE"}])
        after = with_definitions(await reader.read("AC-1000", held))

    boxes = [each.item.item_class.is_enabled_for_sync for each in (before, after) if each.item.item_class]
    assert boxes == [False, True]
    assert [option.value for option in after.definitions["COLOUR"].options] == ["MAUVE"]


@pytest.mark.parametrize(("is_ticked", "told"), [(True, True), (False, False)])
async def test_the_box_of_a_category_is_looked_at_where_there_is_one(*, is_ticked: bool, told: bool) -> None:
    async with pair() as both:
        await save(both, "ItemSalesCategory", CategoryID=3, custom=box(is_ticked=is_ticked))
        items = Items(both.client)
        with_box = await items.read("AC-1000", settings_with(products={"category_box": BOX}))
        await both.site.control("DELETE", "requests")
        without = await items.read("AC-1000", settings_with())

        assert isinstance(with_box, ErpItem)
        assert isinstance(without, ErpItem)
        assert [link.is_enabled_for_sync for link in with_box.categories] == [told]
        assert [link.is_enabled_for_sync for link in without.categories] == [None]
        assert await requests(both, "ItemSalesCategory") == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ItemClass": "NOPE"}, "the ERP has no item class 'NOPE', which item AC-1000 names"),
        ({"Categories": [{"CategoryID": 99}]}, "the ERP has no category 99, in which item AC-1000 is"),
    ],
)
async def test_what_an_item_names_and_the_erp_lacks_is_refused_by_name(values: dict[str, Any], said: str) -> None:
    async with pair() as both:
        await save(both, "StockItem", InventoryID="AC-1000", **values)
        read = await dependencies_reader(Items(both.client)).read(
            "AC-1000", settings_with(products={"category_box": BOX})
        )

    assert isinstance(read, Refused)
    assert read.error_class == "mapping"
    assert said in read.text


async def test_the_items_of_a_template_tell_their_values_and_boxes_in_one_request() -> None:
    held = settings_with(
        products={"configurable_source": "matrix_item", "item_box": BOX}, schema=schema("Attributes.COLOUR")
    )
    async with pair() as both:
        await save(both, "StockItem", InventoryID="AC-1000", custom=box(is_ticked=True))
        items = Items(both.client)
        read = with_definitions(await product_reader(both.client, items).read("SHELF", held))
        asked = await requests(both, "/StockItem?")
        plain = await items.read("SHELF", settings_with())

    assert [each.is_enabled_for_sync for each in read.item.variants] == [True, None, None]
    assert [{value.attribute_id: value.value for value in each.attributes} for each in read.item.variants] == [
        {"COLOUR": "BLUE", "MATERIAL": "Copper"},
        {"COLOUR": "GREEN", "MATERIAL": "Copper"},
        {"COLOUR": "RED", "MATERIAL": "Copper"},
    ]
    assert "COLOUR" in read.definitions
    assert asked == ["StockItem"]
    assert isinstance(plain, ErpItem)
    assert all(not each.attributes for each in plain.variants)


async def test_images_are_fetched_and_a_file_that_is_gone_is_named() -> None:
    async with pair() as both:
        reader = image_reader(both.client, Items(both.client))
        read = await reader.read("AC-1000", settings_with())
        row = both.site.running.sandbox.site.find("StockItem", "AC-1000")
        assert row is not None
        row.files[0] = replace(row.files[0], id="no/such")
        gone = await reader.read("AC-1000", settings_with())

    assert isinstance(read, ItemWithImages)
    assert [content for _, content in read.files] == [row.files[0].content]
    assert isinstance(gone, Refused)
    assert "cannot be read in the ERP; attach it anew" in gone.text


@pytest.mark.parametrize(
    ("service", "asked"), [("Default/25.200.001", "Default/25.200.001"), ("Pictures", "Pictures/24.200.001")]
)
async def test_files_are_fetched_through_the_web_service_that_the_settings_name(service: str, asked: str) -> None:
    held = settings_with(syncs={"product_image": {"webservice_name": service}})
    async with pair() as both:
        read = await image_reader(both.client, Items(both.client)).read("AC-1000", held)
        journal = (await both.site.control("GET", "requests?path=/files/"))["items"]

    assert [each["path"].partition("/files/")[0] for each in journal] == [f"/entity/{asked}"]
    # The simulated ERP has no endpoint of that other name, and says so.
    assert isinstance(read, ItemWithImages) == (service == "Default/25.200.001")


async def test_links_and_parts_of_kits_are_unknown_and_not_none() -> None:
    async with pair() as both:
        await save(both, "StockItem", InventoryID="AC-1000", IsAKit=True)
        item = await dependencies_reader(Items(both.client)).read("AC-1000", settings_with())

    assert isinstance(item, ErpItem)
    assert (item.is_kit, item.related, item.kit_parts) == (True, None, None)


async def test_the_box_of_a_class_and_of_a_category_are_read_where_the_settings_say() -> None:
    held = settings_with(products={"item_class_box": BOX, "category_box": BOX, "category_status": "Item.UsrStatus"})
    status = {"Item": {**box(is_ticked=True)["Item"], "UsrStatus": {"value": "Inactive"}}}
    async with pair() as both:
        await save(both, "ItemClass", ClassID="HARDWARE", custom=box(is_ticked=False))
        await save(both, "ItemSalesCategory", CategoryID=4, custom=status)
        item_class = await attribute_set_reader(both.client).read("HARDWARE", held)
        category = await category_reader(both.client).read("4", held)

    assert isinstance(item_class, ErpItemClass)
    assert item_class.is_enabled_for_sync is False
    assert isinstance(category, CategoryWithAncestors)
    assert (category.category.is_enabled_for_sync, category.category.shop_status) == (True, "Inactive")
    assert [each.category_id for each in category.ancestors] == ["1", "2"]


async def test_what_the_erp_does_not_have_is_none_and_an_erp_that_is_away_is_the_verdict() -> None:
    async with pair() as both:
        items = Items(both.client)
        readers: list[RecordReader[object]] = [
            product_reader(both.client, items),
            tax_category_reader(both.client),
            category_reader(both.client),
        ]
        missing = [await each.read("999", ConnectorSettings()) for each in readers]
        await both.site.control("PUT", "faults", {"mode": "down"})
        away = [await each.read("999", ConnectorSettings()) for each in readers]

    assert missing == [None, None, None]
    assert all(isinstance(each, Refused | Unreachable) for each in away)
