"""Push notifications of the ERP are read as "look at these records again", whatever halves and columns they bring."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.acumatica.push_notifications import PUSH_QUERIES, read_push_notification
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.entities import ENTITIES
from daemon.sync.gates.schema import schema_gate
from queues.errors import InvalidMessage

TICKS = 638977755091200000
"""2025-11-03 14:05:09.12 UTC."""


def body(**members: object) -> bytes:
    notification = {
        "Inserted": [],
        "Deleted": [],
        "Query": "SYNC-Prices",
        "CompanyId": "Shop",
        "Id": "1b0c8e52-5a52-4a37-9d0b-7f7f1f6e2b11",
        "TimeStamp": TICKS,
        "AdditionalInfo": {"PXPerformanceInfoStartTime": "11/03/2025 14:05:09"},
    }
    return json.dumps({**notification, **members}).encode()


def test_an_update_tells_its_key_without_padding_and_what_differs() -> None:
    push = read_push_notification(
        body(
            Inserted=[{"InventoryID": "MUG-RED   ", "Price": 12.5, "Cost": None, "Unit": "EA"}],
            Deleted=[{"InventoryID": "MUG-RED   ", "Price": 11.0, "Cost": None, "Unit": "EA"}],
        )
    )

    assert [(each.key, each.changed) for each in push.changes] == [("MUG-RED", ("Price",))]
    assert (push.query.event_types, push.company) == (("to_magento.pricing", "to_magento.tier_price"), "Shop")
    assert push.at == datetime(2025, 11, 3, 14, 5, 9, 120_000, tzinfo=UTC)


@pytest.mark.parametrize("half", ["Inserted", "Deleted"])
def test_one_half_alone_says_that_anything_may_have_changed(half: str) -> None:
    push = read_push_notification(body(**{half: [{"InventoryID": "A", "Price": 1}]}))

    assert [(each.key, each.changed) for each in push.changes] == [("A", None)]


def test_a_stamp_that_moved_alone_says_that_a_field_changed_that_is_no_column() -> None:
    old = {"InventoryID": "A", "Description": "Mug", "InventoryItem_lastModifiedDateTime": "2026-11-21T10:00:00"}
    new = {**old, "InventoryItem_lastModifiedDateTime": "2026-11-21T10:00:01"}

    alone = read_push_notification(body(Query="SYNC-StockItems", Deleted=[old], Inserted=[new]))
    beside = read_push_notification(
        body(Query="SYNC-StockItems", Deleted=[old], Inserted=[{**new, "Description": "Red mug"}])
    )

    assert [each.changed for each in (*alone.changes, *beside.changes)] == [None, ("Description",)]


@pytest.mark.parametrize(
    ("query", "before", "after", "changed"),
    [
        ("SYNC-ItemAttributes", [("COLOUR", "RED")], [("COLOUR", "BLUE")], ("Attributes.COLOUR",)),
        ("SYNC-ItemAttributes", [("COLOUR", "RED"), ("SIZE", "L")], [("SIZE", "L")], ("Attributes.COLOUR",)),
        ("SYNC-ItemAttributes", [("COLOUR", "RED")], [("COLOUR", "RED")], None),
        ("SYNC-ItemAttributes", [(None, "RED")], [], None),
        ("SYNC-ItemCategories", [], [("X", "1")], ("Categories",)),
    ],
)
def test_rows_of_a_part_name_the_fields_as_the_schema_does(
    query: str, before: list[tuple[str, str]], after: list[tuple[str, str]], changed: tuple[str, ...] | None
) -> None:
    old, new = (
        [{"InventoryID": "A", "AttributeID": name, "Value": value} for name, value in half] for half in (before, after)
    )

    push = read_push_notification(body(Query=query, Deleted=old, Inserted=new))

    assert [each.changed for each in push.changes] == [changed]


def test_a_contact_that_changed_is_one_of_the_customer_that_always_goes_out() -> None:
    old, new = ({"CustomerID": "C1 ", "Email": email, "City": "Leeds"} for email in (None, "ada@example.com"))

    (change,) = read_push_notification(body(Query="SYNC-CustomerContacts", Deleted=[old], Inserted=[new])).changes

    assert (change.key, change.changed) == ("C1", ("MainContact",))
    assert schema_gate("customer", change.changed, ConnectorSettings()) is None


@pytest.mark.parametrize(
    ("query", "changed", "looks_at_images"),
    [
        ("SYNC-StockItems", ("Description",), False),
        ("SYNC-StockItems", ("Description", "ImageUrl"), True),
        ("SYNC-StockItems", None, True),
        ("SYNC-ItemFiles", ("Files",), True),
    ],
)
def test_images_are_looked_at_when_they_may_have_changed(
    query: str, changed: tuple[str, ...] | None, *, looks_at_images: bool
) -> None:
    concerned = PUSH_QUERIES[query].concerned(changed)

    assert ("to_magento.product_image" in concerned) is looks_at_images
    assert set(PUSH_QUERIES[query].event_types) - set(concerned) <= {"to_magento.product_image"}


def test_a_record_that_changed_its_key_is_two_records() -> None:
    push = read_push_notification(body(Inserted=[{"InventoryID": "NEW"}], Deleted=[{"InventoryID": "OLD"}]))

    assert [each.key for each in push.changes] == ["NEW", "OLD"]


def test_several_rows_of_one_record_are_one_change_of_anything() -> None:
    rows = [{"InventoryID": "A", "WarehouseID": place, "QtyAvailable": 1} for place in ("E1", "W1")]

    push = read_push_notification(body(Query="SYNC-Stock", Inserted=rows, Deleted=rows[:1]))

    assert [(each.key, each.changed) for each in push.changes] == [("A", None)]


def test_a_key_of_several_columns_is_joined() -> None:
    row = {"OrderType": "SO", "OrderNbr": "000123 "}

    push = read_push_notification(body(Query="SYNC-Orders", Inserted=[row], Deleted=None))

    assert [each.key for each in push.changes] == ["SO/000123"]


def test_an_item_that_is_of_no_template_concerns_none() -> None:
    rows = [
        {"InventoryID": name, "TemplateItemID": template} for name, template in (("A", "T "), ("B", None), ("C", ""))
    ]

    push = read_push_notification(body(Query="SYNC-MatrixItems", Inserted=rows))

    assert [(each.key, each.changed) for each in push.changes] == [("T", None)]


def test_a_key_that_is_a_number_is_its_digits() -> None:
    push = read_push_notification(body(Query="SYNC-Categories", Inserted=[{"CategoryID": 70, "Description": "Tools"}]))

    assert [each.key for each in push.changes] == ["70"]


def test_halves_that_come_apart_are_two_notifications() -> None:
    first = read_push_notification(body(Inserted=[{"InventoryID": "A"}]))
    second = read_push_notification(body(Deleted=[{"InventoryID": "A"}]))

    assert first.transaction_id == second.transaction_id
    assert first.digest != second.digest


@pytest.mark.parametrize(
    ("members", "member", "said"),
    [
        ({"Query": "AMC-Items"}, "Query", "must be one of SYNC-StockItems"),
        ({"Query": 7}, "Query", "must be a text"),
        ({"CompanyId": " "}, "CompanyId", "must be a text"),
        ({"Id": "x" * 256}, "Id", "at most 255"),
        ({"TimeStamp": "638977755091200000"}, "TimeStamp", "ticks"),
        ({"TimeStamp": -1}, "TimeStamp", "ticks"),
        ({"TimeStamp": 10**30}, "TimeStamp", "ticks"),
        ({"Inserted": {}}, "Inserted", "must be a list"),
        ({"Inserted": ["A"]}, "Inserted[0]", "must be an object"),
        ({"Inserted": [{"InventoryID": "A"}, {"Price": 1}]}, "Inserted[1].InventoryID", "must be a text"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], member: str, said: str) -> None:
    with pytest.raises(InvalidMessage, match=said.replace("(", r"\(")) as raised:
        read_push_notification(body(**members))

    assert raised.value.member == member


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps).map(str.encode)
)
def test_whatever_comes_is_read_or_refused(anything: bytes) -> None:
    with pytest.raises(InvalidMessage):
        read_push_notification(anything)


@given(st.dictionaries(st.sampled_from(["Inserted", "Deleted", "Query", "TimeStamp", "Id"]), st.none() | st.integers()))
def test_members_of_the_wrong_kind_raise_nothing_else(members: dict[str, object]) -> None:
    with suppress(InvalidMessage):
        assert read_push_notification(body(**members)).changes == []


def test_every_inquiry_feeds_a_queue_there_is() -> None:
    known = {entity.event_type for entity in ENTITIES}

    assert {each for query in PUSH_QUERIES.values() for each in query.event_types} <= known
