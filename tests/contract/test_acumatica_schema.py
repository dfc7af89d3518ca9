"""Refresh Schema reads the fields that a site has: those of the contract, its attributes, its custom ones."""

import pytest

from daemon.acumatica.client import NotDone
from daemon.acumatica.records.schema import read_schema
from daemon.settings.document.schema import SCHEMA_ENTITIES, SchemaEntity, Schemas
from daemon.sync.schema.refresh import refresh_schema
from tests.acumatica_client import Pair, pair

CUSTOM = {"Document": {"UsrShop": {"type": "CustomStringField", "value": "yes"}}}


async def names(both: Pair, entity: SchemaEntity) -> dict[str, str | None]:
    found = await read_schema(both.client, entity)
    assert not isinstance(found, NotDone), found
    assert len({each.schema for each in found}) == len(found)
    return {each.schema: each.name for each in found}


async def test_fields_of_items_are_those_of_all_kinds_with_attributes_and_custom_ones() -> None:
    async with pair() as both:
        await both.site.control("POST", "records/StockItem", {"InventoryID": "AC-1000", "custom": CUSTOM})
        found = await names(both, "product")

    assert {"InventoryID", "DefaultPrice", "Content", "Categories", "CrossReferences", "BaseUnit"} <= found.keys()
    assert (found["Attributes.COLOUR"], found["Attributes.MATERIAL"]) == ("Colour", "Material")
    assert found["Document.UsrShop"] == "Shop"
    # What tells that a record changed is no field of it, nor are the parts that are told field by field.
    assert not {"LastModified", "LastModifiedDateTime", "Attributes", "Matrix", "NoteID"} & found.keys()


async def test_fields_of_contacts_are_told_one_by_one_with_where_they_are_written() -> None:
    async with pair() as both:
        found = await read_schema(both.client, "customer")

    assert not isinstance(found, NotDone)
    rows = {row.schema: row for row in refresh_schema("customer", Schemas().customer, found).rows}
    assert (rows["MainContact.Email"].api_path, rows["MainContact.Email"].api_name) == ("/MainContact/", "Email")
    city = rows["BillingContact.Address.City"]
    assert (city.tab, city.api_path, city.api_name) == ("Billing Settings", "/BillingContact/Address/", "City")


@pytest.mark.parametrize("entity", SCHEMA_ENTITIES)
async def test_every_field_that_is_preselected_is_one_the_erp_has(entity: SchemaEntity) -> None:
    async with pair() as both:
        found = await names(both, entity)

    assert {row.schema for row in Schemas().of(entity)} <= found.keys()
    refreshed = refresh_schema(entity, Schemas().of(entity), [])
    assert refreshed.added == ()


async def test_a_site_that_is_away_is_told_and_no_fields_are() -> None:
    async with pair() as both:
        await both.client.endpoint()
        await both.site.control("PUT", "faults", {"mode": "down"})
        found = await read_schema(both.client, "category")

    assert isinstance(found, NotDone)
