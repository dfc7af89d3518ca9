"""Data of the ERP that cannot go to the shop: a dead letter says what to mend; mended, reprocessing delivers it."""

import base64
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.acceptance.erp_site import joined
from tests.acceptance.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRODUCT, IMAGE = "to_magento.product", "to_magento.product_image"
PIXEL: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf"
    "c000000301010018dd8db00000000049454e44ae426082"
)
SETTINGS: Final[Mapping[str, Any]] = {
    "syncs": {
        name: {"enabled": True, "individual": True}
        for name in ("product", "product_image", "product_attribute", "category", "tax_category")
    },
    "products": {"when_box_is_missing": "pass"},
    "schema": {
        "product": [
            {"tab": "General Settings", "schema": name, "name": name, "active": True}
            for name in ("InventoryID", "Description", "ItemClass", "Categories", "Attributes.COLOUR")
        ]
    },
}
WRONG: Final[Mapping[str, tuple[str, str, str]]] = {
    "NO-CLASS": (PRODUCT, "mapping", "the ERP has no item class 'NOPE'"),
    "NO-CATEGORY": (PRODUCT, "not_found", "the store has no category erp-5; sync the category first"),
    "NO-OPTION": (PRODUCT, "mapping", "attribute COLOUR has no value 'MAUVE'; choose one that its definition lists"),
    "AC-1001": (IMAGE, "mapping", "the file 'front.png' of item AC-1001 is no JPEG, PNG or GIF; attach it anew"),
    "AC/4 x 12+": (IMAGE, "validation", "the image 'side.png' is cut short; attach it to the item anew"),
}
"""By record: its queue, the class of the error, and what the dead letter says."""


def item(sku: str, **values: object) -> dict[str, Any]:
    return {
        "InventoryID": sku,
        "Description": f"Item {sku}",
        "ItemClass": "HARDWARE",
        "ItemStatus": "Active",
        "Visibility": "Catalog, Search",
        **values,
    }


def files(name: str, content: bytes) -> list[dict[str, str]]:
    return [{"filename": name, "content": base64.b64encode(content).decode()}]


async def test_bad_data_becomes_a_dead_letter_with_a_hint_and_arrives_when_it_is_mended(own_site: Site) -> None:
    async with joined(own_site, SETTINGS) as (connector, erp):
        await connector.api.put_settings(retry_count=1, check_process_time=1, process_sleep_time=1)

        async def save(entity: str, **values: object) -> None:
            await erp.control("POST", f"records/{entity}?push=0", values)

        async def sync(kind: str, *keys: str) -> None:
            await connector.pause(kind)
            await connector.api.post(f"syncs/{kind}/records", {"keys": list(keys)})
            await connector.wait_until_waiting(kind, len(keys))
            await connector.run_to_its_end(kind)

        colour = {"AttributeID": "COLOUR", "Value": "MAUVE"}
        await save("StockItem", **item("NO-CLASS", ItemClass="NOPE"))
        await save("StockItem", **item("NO-CATEGORY", Categories=[{"CategoryID": 5}]))
        await save("StockItem", **item("NO-OPTION", Attributes=[colour]))
        await save("StockItem", **item("AC-1001", files=files("front.png", b"<html>")))
        await save("StockItem", **item("AC/4 x 12+", files=files("side.png", PIXEL[:-12])))
        await sync("to_magento.attribute", "COLOUR")
        await sync(PRODUCT, "NO-CLASS", "NO-CATEGORY", "NO-OPTION")
        await sync(IMAGE, "AC-1001", "AC/4 x 12+")
        letters = {key: await connector.letter_of(key) for key in WRONG}

        values = [
            {"ValueID": name, "Description": name.title(), "SortOrder": place}
            for place, name in enumerate(("RED", "BLUE", "GREEN", "MAUVE"), start=1)
        ]
        await save("StockItem", **item("NO-CLASS"))
        await sync("to_magento.category", "5")
        await save("AttributeDefinition", AttributeID="COLOUR", Values=values)
        await sync("to_magento.attribute", "COLOUR")
        await save("StockItem", **item("AC-1001", files=files("front.png", PIXEL)))
        await save("StockItem", **item("AC/4 x 12+", files=files("side.png", PIXEL)))
        for letter in letters.values():
            await connector.api.post(f"dead-letters/{letter['id']}/reprocess")
        for kind in (PRODUCT, IMAGE):
            await connector.run_to_its_end(kind)
        states = {key: (await connector.api.get(f"dead-letters/{letters[key]['id']}"))["state"] for key in WRONG}
        names = [
            (await own_site.store.rest(f"products/{sku}"))["name"] for sku in ("NO-CLASS", "NO-CATEGORY", "NO-OPTION")
        ]
        galleries = [
            (await own_site.store.rest(f"products/{sku}"))["media_gallery_entries"]
            for sku in ("AC-1001", "AC%2F4%20x%2012%2B")
        ]

        told = {key: (letter["queue"], letter["error_class"]) for key, letter in letters.items()}
        assert told == {key: (own_site.queue(kind), error_class) for key, (kind, error_class, _) in WRONG.items()}
        assert [key for key, (_, _, text) in WRONG.items() if text not in letters[key]["error"]] == []
        assert states == dict.fromkeys(WRONG, "reprocessed")
        assert names == ["Item NO-CLASS", "Item NO-CATEGORY", "Item NO-OPTION"]
        assert [len(gallery) for gallery in galleries] == [1, 1]
