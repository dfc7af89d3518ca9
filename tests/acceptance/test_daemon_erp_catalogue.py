"""The catalogue from the ERP to the shop, from outside: pushes become what the shop holds, field by field."""

import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.acceptance.daemon_process import run_command
from tests.acceptance.erp_site import joined
from tests.acceptance.site import Connector, Site
from tests.acumatica_site import BareClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

TAX, ATTRIBUTE, SET, CATEGORY, PRODUCT, IMAGE, LINKS = (
    f"to_magento.{name}"
    for name in (
        "tax_category",
        "attribute",
        "attribute_set",
        "category",
        "product",
        "product_image",
        "product_dependencies",
    )
)
PRICING, INVENTORY = "to_magento.pricing", "to_magento.inventory"
PIXEL: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf"
    "c000000301010018dd8db00000000049454e44ae426082"
)
SAW: Final = "SAW/1 x+"
STOCKED: Final = "AC-1001"
"""An item both systems have from the start; the ERP has quantities of it."""
WEB_SERVICE: Final = "Default/25.200.001"
SETTINGS: Final[Mapping[str, Any]] = {
    "syncs": {
        **{
            name: {"enabled": True, "individual": True}
            for name in ("tax_category", "product_attribute", "category", "product", "inventory_price")
        },
        "product_image": {"enabled": True, "individual": True, "webservice_name": WEB_SERVICE},
    },
    "products": {
        "when_box_is_missing": "pass",
        "item_class_box": "Item.UsrShop",
        "item_box": "Item.UsrShop",
        "configurable_source": "matrix_item",
    },
    "schema": {
        "product": [
            {"tab": "General Settings", "schema": name, "name": name, "active": True}
            for name in (
                "InventoryID", "Description", "ItemClass", "TaxCategory", "Content", "DimensionWeight", "PageTitle",
                "MetaDescription", "Categories", "Attributes.FINISH", "Attributes.MADE_IN", "Item.UsrBrand",
                "CountryOfOrigin",
            )
        ]
    },
    "mappings": {
        "product_fields": [
            {"field": field, "attribute": attribute, "direction": direction}
            for field, attribute, direction in (
                ("Description", "name", "to_magento"),
                ("Content", "description", "last_update_wins"),
                ("TaxCategory", "tax_class_id", "magento_wins"),
                ("DimensionWeight", "weight", "acumatica_wins"),
                ("PageTitle", "meta_title", "to_magento"),
                ("MetaDescription", "meta_description", "to_acumatica"),
                ("Categories", "category_ids", "to_magento"),
                ("Item.UsrBrand", "meta_keyword", "to_magento"),
            )
        ]
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """A connector between its ERP and its shop, through which a catalogue has gone."""

    connector: Connector
    erp: BareClient
    site: Site

    async def save(self, entity: str, **values: object) -> None:
        """Save a record in the ERP, as a person does at its form."""
        await self.erp.control("POST", f"records/{entity}", values)

    async def shop(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read from the shop's own API."""
        return await self.site.store.rest(path)

    async def values(self, path: str) -> dict[str, Any]:
        """Read a product's custom attributes from the shop."""
        return {row["attribute_code"]: row["value"] for row in (await self.shop(path))["custom_attributes"]}

    async def reasons(self, kind: str) -> dict[str, str]:
        """Tell why records of a queue were skipped, as the command does."""
        log = await run_command(
            self.site.environment(),
            *("logs", "list", "--json", "--queue", self.site.queue(kind), "--url", self.connector.api.address),
        )
        outcomes = [outcome for entry in log.document["items"] for outcome in entry["outcomes"]]
        return {each["key"]: each["reason"] for each in outcomes if each["state"] == "skipped"}

    async def deliver(self, kind: str) -> None:
        """Run a queue until nothing waits: what needed something that came beside it gets through at the next check."""
        await self.connector.run_to_its_end(kind)
        while (await self.connector.api.get(f"queues/{kind}"))["waiting"]:
            await self.connector.run_to_its_end(kind)

    async def empty(self, *kinds: str) -> None:
        """Have queues delivered and paused: what a new product had noted beside it goes before anything else."""
        await self.connector.api.until("syncs", lambda page: all(not each["records_waiting"] for each in page["items"]))
        for kind in kinds:
            await self.deliver(kind)
            await self.connector.pause(kind)

    async def sync(self, kind: str, key: str) -> None:
        """Have one record looked at, as a person asks for it, and delivered."""
        await self.empty(kind)
        await self.connector.api.post(f"syncs/{kind}/records", {"keys": [key]})
        await self.connector.wait_until_waiting(kind, 1)
        await self.deliver(kind)


def custom(**values: object) -> dict[str, Any]:
    """Give custom fields as the ERP keeps them; the box is ticked."""
    return {
        "Item": {
            name: {"type": "CustomStringField", "value": value} for name, value in {"UsrShop": True, **values}.items()
        }
    }


def item(sku: str, **values: object) -> dict[str, Any]:
    """Give an item that is ready for the shop."""
    return {
        "InventoryID": sku,
        "Description": f"Item {sku}",
        "ItemClass": "TOOLS",
        "ItemStatus": "Active",
        "TaxCategory": "GOODS",
        "DefaultPrice": "12.50",
        "Visibility": "Catalog, Search",
        "custom": custom(),
        **values,
    }


def finish(value: str) -> list[dict[str, str]]:
    """Give the values of an item's attributes."""
    return [{"AttributeID": "FINISH", "Value": value}, {"AttributeID": "MADE_IN", "Value": "Leeds"}]


def picture(name: str, content: bytes) -> dict[str, str]:
    """Attach a file to an item."""
    return {"filename": f"Stock Items\\{name}", "content": base64.b64encode(content).decode()}


SAW_ITEM: Final = item(
    SAW,
    Description="Saw, fine",
    Content="<p>Cuts.</p>",
    DimensionWeight="1.4",
    PageTitle="A saw",
    MetaDescription="What the shop says of it is not the ERP's to tell",
    Visibility="Catalog",
    Attributes=finish("GLO"),
    Categories=[{"CategoryID": 80}],
    custom=custom(UsrBrand="Acme"),
    files=[picture("front.png", PIXEL), picture("notes.pdf", b"%PDF")],
)


async def fill(joint: Joint) -> None:
    """Make the catalogue in the ERP: each save is a push."""
    await joint.save("TaxCategory", TaxCategoryID="GOODS", Description="Goods", Active=True)
    await joint.save(
        "AttributeDefinition",
        AttributeID="FINISH",
        Description="Finish",
        ControlType="Combo",
        Values=[
            {"ValueID": "MAT", "Description": "Matte", "SortOrder": 1},
            {"ValueID": "GLO", "Description": "Gloss", "SortOrder": 2},
        ],
    )
    await joint.save("AttributeDefinition", AttributeID="MADE_IN", Description="Made in", ControlType="Text")
    await joint.save(
        "ItemClass",
        ClassID="TOOLS",
        Description="Tools",
        Attributes=[{"AttributeID": "FINISH", "SortOrder": 1}, {"AttributeID": "MADE_IN", "SortOrder": 2}],
        custom=custom(),
    )
    await joint.save("ItemSalesCategory", CategoryID=80, Description="Saws")
    await joint.save("StockItem", **SAW_ITEM)
    for sku, value in (("SAW-M", "MAT"), ("SAW-G", "GLO")):
        await joint.save("StockItem", **item(sku, Attributes=finish(value), TemplateItemID="SAW-T"))
    await joint.save("NonStockItem", **item("SHARPEN", RequireShipment=False))
    matrix = [{"InventoryID": sku, "ItemStatus": "Active"} for sku in ("SAW-M", "SAW-G")]
    await joint.save("TemplateItems", **item("SAW-T", IsStockItem=True, Matrix=matrix))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def joint(site: Site) -> AsyncIterator[Joint]:
    """Have a catalogue made in the ERP and delivered, each queue after those it relies on."""
    async with joined(site, SETTINGS) as (connector, erp):
        made = Joint(connector=connector, erp=erp, site=site)
        waiting = {TAX: 1, ATTRIBUTE: 2, SET: 1, CATEGORY: 1, PRODUCT: 5, IMAGE: 5}
        for kind in waiting:
            await connector.pause(kind)
        await fill(made)
        for kind, number in waiting.items():
            await connector.wait_until_waiting(kind, number)
        for kind in waiting:
            await made.deliver(kind)
        yield made


async def test_a_tax_category_is_a_tax_class(joint: Joint) -> None:
    classes = await joint.site.store.listed("taxClasses/search")

    assert ("GOODS", "PRODUCT") in {(each["class_name"], each["class_type"]) for each in classes}


async def test_an_attribute_has_the_options_of_the_erp_in_their_order(joint: Joint) -> None:
    attribute = await joint.shop("products/attributes/finish")
    text = await joint.shop("products/attributes/made_in")

    assert [option["label"] for option in attribute["options"] if option["label"].strip()] == ["Matte", "Gloss"]
    assert (attribute["default_frontend_label"], attribute["frontend_input"]) == ("Finish", "select")
    assert (text["default_frontend_label"], text["frontend_input"]) == ("Made in", "text")


async def test_an_item_class_is_an_attribute_set_with_its_attributes_and_the_merchants_own_stay(joint: Joint) -> None:
    sets = {
        each["attribute_set_name"]: each for each in await joint.site.store.listed("products/attribute-sets/sets/list")
    }
    inside = await joint.shop(f"products/attribute-sets/{sets['TOOLS']['attribute_set_id']}/attributes")
    default = await joint.shop(f"products/attribute-sets/{sets['Default']['attribute_set_id']}/attributes")

    assert {"finish", "made_in"} <= {each["attribute_code"] for each in inside}
    assert {"finish", "made_in"}.isdisjoint(each["attribute_code"] for each in default)


async def test_a_product_is_in_the_shop_what_the_item_is_in_the_erp(joint: Joint) -> None:
    path = "products/SAW%2F1%20x%2B"
    product, values = await joint.shop(path), await joint.values(path)
    options = {each["value"]: each["label"] for each in (await joint.shop("products/attributes/finish"))["options"]}
    categories = {str(each["id"]): each["name"] for each in await joint.site.store.listed("categories/list")}
    classes = {each["class_id"]: each["class_name"] for each in await joint.site.store.listed("taxClasses/search")}
    sets = {
        each["attribute_set_id"]: each["attribute_set_name"]
        for each in await joint.site.store.listed("products/attribute-sets/sets/list")
    }

    assert {
        "InventoryID": product["sku"],
        "Description": product["name"],
        "Content": values["description"],
        "ItemClass": sets[product["attribute_set_id"]],
        "TaxCategory": classes[int(values["tax_class_id"])],
        "DefaultPrice": f"{Decimal(str(product['price'])):.2f}",
        "DimensionWeight": str(product["weight"]),
        "PageTitle": values["meta_title"],
        "Categories": [categories[each] for each in values["category_ids"]],
        "FINISH": options[values["finish"]],
        "MADE_IN": values["made_in"],
        "UsrBrand": values["meta_keyword"],
    } == {
        **{name: SAW_ITEM[name] for name in ("InventoryID", "Description", "Content", "ItemClass", "TaxCategory")},
        **{name: SAW_ITEM[name] for name in ("DefaultPrice", "DimensionWeight", "PageTitle")},
        "Categories": ["Saws"],
        "FINISH": "Gloss",
        "MADE_IN": "Leeds",
        "UsrBrand": "Acme",
    }
    assert (product["type_id"], product["status"], product["visibility"]) == ("simple", 1, 2)


async def test_a_field_that_goes_to_the_erp_is_not_told_from_there(joint: Joint) -> None:
    values = await joint.values("products/SAW%2F1%20x%2B")

    # The fields of all other directions are compared in the test before.
    assert SAW_ITEM["MetaDescription"]
    assert "meta_description" not in values


async def test_a_service_is_virtual_and_a_template_a_configurable_of_its_items(joint: Joint) -> None:
    service, template = await joint.shop("products/SHARPEN"), await joint.shop("products/SAW-T")
    parts = [await joint.shop(f"products/{sku}") for sku in ("SAW-M", "SAW-G")]
    finish_id = (await joint.shop("products/attributes/finish"))["attribute_id"]
    extension = template["extension_attributes"]

    assert (service["type_id"], template["type_id"]) == ("virtual", "configurable")
    assert sorted(extension["configurable_product_links"]) == sorted(each["id"] for each in parts)
    assert [each["attribute_id"] for each in extension["configurable_product_options"]] == [str(finish_id)]


async def test_an_image_goes_up_once_and_again_only_when_it_is_another(joint: Joint) -> None:
    (entry,) = (await joint.shop("products/SAW%2F1%20x%2B"))["media_gallery_entries"]
    since = await joint.site.store.mark()
    for content in (PIXEL, PIXEL + b"\0"):
        await joint.erp.control(
            "POST", "records/StockItem?push=0", {"InventoryID": SAW, "files": [picture("front.png", content)]}
        )
        await joint.sync(IMAGE, SAW)
    (other,) = (await joint.shop("products/SAW%2F1%20x%2B"))["media_gallery_entries"]
    changes = [each.method for each in await joint.site.store.requests("/media", since=since) if each.method != "GET"]
    fetched = (await joint.erp.control("GET", "requests?path=/files/"))["items"]

    assert {each["path"].partition("/files/")[0] for each in fetched} == {f"/entity/{WEB_SERVICE}"}
    assert sorted(entry["types"]) == ["image", "small_image", "thumbnail"]
    assert (other["file"] != entry["file"], changes) == (True, ["POST", "DELETE"])


async def test_links_of_an_event_are_set_and_links_that_nobody_tells_stay(joint: Joint) -> None:
    await joint.connector.api.call(
        "POST",
        "events",
        document={
            "specversion": "1.0",
            "id": "links-1",
            "source": "tests",
            "type": LINKS,
            "subject": SAW,
            "time": "2026-11-22T10:00:00Z",
            "data": {"related": ["SAW-M", "SHARPEN"], "up_sell": ["SAW-G"]},
        },
        headers={"Content-Type": "application/cloudevents+json"},
    )
    await joint.connector.wait_until_waiting(LINKS, 1)
    await joint.deliver(LINKS)
    await joint.sync(LINKS, "SAW-M")
    links = (await joint.shop("products/SAW%2F1%20x%2B"))["product_links"]

    assert {(each["link_type"], each["linked_product_sku"]) for each in links} == {
        ("related", "SAW-M"), ("related", "SHARPEN"), ("upsell", "SAW-G"),
    }  # fmt: skip
    assert (await joint.reasons(LINKS))["SAW-M"].startswith("links_unknown: ")


async def test_every_request_that_changed_something_was_valid_and_taken(joint: Joint) -> None:
    requests = [each for each in await joint.site.store.requests() if each.method != "GET"]

    assert {each.method for each in requests} >= {"POST", "PUT"}
    assert [each.path for each in requests if not each.schema_valid or each.status != 200] == []


async def test_what_is_not_ready_is_skipped_and_says_why(joint: Joint) -> None:
    await joint.connector.pause(PRODUCT)
    await joint.save("ItemClass", ClassID="OFF", custom={"Item": {"UsrShop": {"value": False}}})
    await joint.save("StockItem", **item("OF-CLASS", ItemClass="OFF"))
    await joint.save("StockItem", **item("IDLE", ItemStatus="Inactive"))
    await joint.save("StockItem", **item("HIDDEN", Visibility=None))
    await joint.save("StockItem", InventoryID="SAW-M", MSRP="99.00")
    await joint.connector.wait_until_waiting(PRODUCT, 4)
    await joint.deliver(PRODUCT)
    reasons = await joint.reasons(PRODUCT)
    letters = await joint.connector.letters(queue=joint.site.queue(PRODUCT))

    assert {key: reasons[key].split(":")[0] for key in ("OF-CLASS", "IDLE", "HIDDEN", "SAW-M")} == {
        "OF-CLASS": "item_class_not_enabled",
        "IDLE": "item_not_active",
        "HIDDEN": "visibility_missing",
        "SAW-M": "fields_inactive",
    }
    assert letters == []


async def test_what_a_switch_keeps_back_is_skipped_with_the_switch(joint: Joint) -> None:
    connector = joint.connector
    before = (await connector.api.get("settings"))["version"]
    await joint.empty(PRODUCT, IMAGE)
    for kind in (PRICING, INVENTORY):
        await connector.pause(kind)
    await joint.erp.control("POST", "records/StockItem?push=0", item(STOCKED))

    async def passed(kind: str, stage: str, reason: str) -> None:
        """Wait until the record has been passed over for this reason."""
        await connector.api.until(
            "skipped-records",
            lambda page: any((each["stage"], each["reason"]) == (stage, reason) for each in page["items"]),
            key=STOCKED,
            queue=joint.site.queue(kind),
        )

    for carried, goes, stays in (("inventory", INVENTORY, PRICING), ("price", PRICING, INVENTORY)):
        what = {"syncs": {"inventory_price": {"what": carried}}}
        assert (await connector.api.call("PATCH", "settings", document=what)).status == 200
        others = (await connector.api.get(f"queues/{goes}"))["waiting"]
        await connector.api.post("syncs/inventory_price/records", {"keys": [STOCKED]})
        await connector.wait_until_waiting(goes, others + 1)
        await passed(stays, "look", f"sync_disabled: Product Inventory and Price Sync carries {carried} only")

    switches = {
        "entities": {"product_image": {"active": False}},
        "syncs": {"product": {"direction": "to_acumatica"}},
    }
    assert (await connector.api.call("PATCH", "settings", document=switches)).status == 200
    since = await joint.site.store.mark()
    await joint.save("StockItem", InventoryID=STOCKED, Description="Renamed", files=[picture("front.png", PIXEL)])
    await connector.wait_until_waiting(PRODUCT, 1)
    await connector.wait_until_waiting(IMAGE, 1)
    await joint.deliver(PRODUCT)
    await joint.deliver(IMAGE)

    await passed(PRODUCT, "send", "direction: the direction of Product Sync is Magento to Acumatica")
    await passed(IMAGE, "send", "entity_inactive: entities.product_image.active is false")
    assert await joint.site.store.requests(f"products/{STOCKED}", since=since) == []
    await connector.api.post("settings/restore", {"version": before})
