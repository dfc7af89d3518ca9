from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daemon.settings.document.schema import CATEGORY_TABS, CUSTOMER_TABS, PRODUCT_TABS, SchemaField, Schemas
from daemon.sync.schema.fields import ErpSchemaField, tab_of
from daemon.sync.schema.refresh import refresh_schema
from tests.erp_records import settings_with

NAMES = st.sets(st.sampled_from(["A", "B", "C", "D", "E"]))


def row(schema: str, *, active: bool = False, is_missing: bool = False) -> SchemaField:
    return SchemaField(tab="Mine", schema=schema, name=f"my {schema}", active=active, is_missing=is_missing)


@given(before=NAMES, ticked=NAMES, told=NAMES)
def test_a_refresh_keeps_ticks_adds_new_fields_inactive_and_marks_the_missing(
    before: set[str], ticked: set[str], told: set[str]
) -> None:
    rows = tuple(row(name, active=name in ticked) for name in sorted(before))

    refreshed = refresh_schema("product", rows, [ErpSchemaField(schema=name) for name in told])

    by_name = {each.schema: each for each in refreshed.rows}
    assert set(by_name) == before | told
    assert {name for name, each in by_name.items() if each.active} == before & ticked
    assert {name for name, each in by_name.items() if each.is_missing} == before - told
    assert {name for name, each in by_name.items() if each.tab == "Mine"} == before
    assert (set(refreshed.added), set(refreshed.vanished)) == (told - before, before - told)


def test_a_second_refresh_changes_nothing() -> None:
    told = [ErpSchemaField(schema="Content"), ErpSchemaField(schema="Description")]

    once = refresh_schema("product", Schemas().product, told)
    twice = refresh_schema("product", once.rows, told)

    assert twice.rows == once.rows
    assert (twice.added, twice.vanished, twice.returned) == ((), (), ())


def test_a_field_that_comes_back_is_sent_again() -> None:
    refreshed = refresh_schema("product", (row("A", active=True, is_missing=True),), [ErpSchemaField(schema="A")])

    assert refreshed.rows == (row("A", active=True),)
    assert refreshed.returned == ("A",)


def test_a_field_that_vanished_is_not_active_whatever_its_tick() -> None:
    gone = replace(row("Content", active=True), is_missing=True)
    document = {"tab": gone.tab, "schema": gone.schema, "name": gone.name, "active": True, "is_missing": True}

    assert settings_with(schema={"product": [document]}).schema.active("product") == frozenset()


def test_new_fields_come_into_the_tab_they_belong_to() -> None:
    tabs = [
        tab_of("product", name)
        for name in (
            "InventoryID",
            "DefaultPrice",
            "Attributes.COLOR",
            "Content",
            "Item.UsrFit",
            "Boxes",
            "CrossReferences",
        )
    ]

    assert tuple(tabs) == (
        "General Settings", "Price/Cost Information", "Attributes", "eCommerce", "Additional Features", "Packaging",
        "Cross Reference Details",
    )  # fmt: skip
    assert set(tabs) == set(PRODUCT_TABS)
    assert {tab_of("category", name) for name in ("Description", "SortOrder")} == set(CATEGORY_TABS)
    names = ("CustomerID", "BillingContact.Email", "ShipVia", "PaymentInstructions", "Salespersons", "Attributes.X")
    told = {tab_of("customer", name) for name in (*names, "Activities", "Email")}
    assert told == set(CUSTOMER_TABS)


def test_a_new_customer_field_says_where_it_is_written_in_the_erp() -> None:
    told = [ErpSchemaField(schema="Terms", name="Credit terms"), ErpSchemaField(schema="MainContact.Address.City")]

    city, terms = refresh_schema("customer", (), told).rows

    assert (terms.name, terms.api_path, terms.api_name) == ("Credit terms", "/root/", "Terms")
    assert (city.api_path, city.api_name) == ("/MainContact/Address/", "City")
