"""Names, conditions, addresses and wrapped values of the contract API."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.acumatica.address import InstanceAddress, query_text
from daemon.acumatica.conditions import all_of, any_of, literal, where
from daemon.acumatica.endpoints import Endpoint, SiteVersions, choose, read_versions
from daemon.acumatica.field_table import UnknownName, load_table, table_of
from daemon.acumatica.wrapped import NotInForm, Wrapped, read_moment

DAEMON = Path(__file__).parents[2] / "daemon"


def test_the_table_is_made_from_the_published_contract() -> None:
    contract = json.loads((DAEMON / "sandbox" / "acumatica-rest.schema.json").read_text(encoding="utf-8"))
    kept = json.loads((DAEMON / "acumatica" / "fields.json").read_text(encoding="utf-8"))

    assert kept == table_of(contract)


def test_a_name_the_contract_has_not_is_refused_before_it_is_sent() -> None:
    table = load_table()

    assert table.kind_of("SalesOrder", "Details/OrderQty") == "number"
    for path in ("Details/Quantity", "Detail/OrderQty", "Total"):
        with pytest.raises(UnknownName, match="SalesOrder has no"):
            table.kind_of("SalesOrder", path)
    with pytest.raises(UnknownName, match="Terms"):
        table.form("Terms")


def test_stamps_differ_by_entity_and_version() -> None:
    assert load_table("24.200.001").stamp("StockItem") == "LastModifiedDateTime"
    assert load_table("23.200.001").stamp("StockItem") == "LastModified"
    assert load_table().stamp("SalesOrder") == "LastModified"
    assert load_table().stamp("SalesInvoice") == "LastModifiedDateTime"
    assert load_table().stamp("ShipVia") is None


def test_literals_are_odata_v3() -> None:
    at = datetime(2025, 11, 3, 15, 0, 0, 120_000, tzinfo=timezone(timedelta(hours=1)))

    assert literal("it's") == "'it''s'"
    assert literal(at) == "datetimeoffset'2025-11-03T14:00:00.120000+00:00'"
    assert literal(date(2025, 11, 3)) == "date'2025-11-03'"
    assert literal(Decimal("0.10")) == "0.10M"
    assert (literal(True), literal(7)) == ("true", "7")  # noqa: FBT003 - the value is what is tested
    with pytest.raises(ValueError, match="time zone"):
        literal(datetime(2025, 11, 3))  # noqa: DTZ001 - that it is refused is what is tested


def test_conditions_are_joined_and_remember_their_names() -> None:
    joined = all_of(where("OrderType", "eq", "WO"), any_of(where("Status", "eq", "Open"), where("Hold", "eq", True)))  # noqa: FBT003 - a value

    assert joined.text == "(OrderType eq 'WO') and ((Status eq 'Open') or (Hold eq true))"
    assert joined.names == {"OrderType", "Status", "Hold"}


@given(st.text(min_size=1, max_size=40))
def test_a_key_is_one_segment_or_refused(key: str) -> None:
    address = InstanceAddress.parse("https://erp.example/Site/")
    try:
        path = address.path(("entity", "Default", "24.200.001", "StockItem", key))
    except ValueError:
        assert key in {".", ".."} or "/" in key or "\\" in key or any(0xD800 <= ord(c) <= 0xDFFF for c in key)
        return
    assert path.count("/") == 6
    assert unquote(path.rpartition("/")[2]) == key


@given(st.text(max_size=30).filter(lambda text: not any(0xD800 <= ord(c) <= 0xDFFF for c in text)))
def test_a_query_arrives_as_it_was_meant(value: str) -> None:
    assert parse_qs(query_text([("$filter", value)]), keep_blank_values=True)["$filter"] == [value]


def test_locations_of_other_hosts_are_not_followed() -> None:
    address = InstanceAddress.parse("https://erp.example/Site")

    assert address.path_of("/Site/entity/Default/1/X/Y/status/9") == "/Site/entity/Default/1/X/Y/status/9"
    assert address.path_of("https://erp.example/Site/entity/a") == "/Site/entity/a"
    for other in ("https://evil.example/Site/entity/a", "/entity/a", "/Site/ui/error", "/Site/entity/../secret"):
        assert address.path_of(other) is None


def test_null_is_an_object_without_value_and_a_missing_member_an_unknown_name() -> None:
    record = Wrapped(
        {"A": {}, "B": {"value": None}, "C": {"value": "x  "}, "D": {"value": ""}, "note": None}, "StockItem X"
    )

    assert [record.text(name) for name in "ABCD"] == [None, None, "x", None]
    with pytest.raises(NotInForm, match="StockItem X: the ERP answered without E"):
        record.text("E")
    with pytest.raises(NotInForm, match="A is empty"):
        record.required("A")


def test_values_of_another_kind_are_told_apart() -> None:
    record = Wrapped({"N": {"value": Decimal("2.50")}, "T": {"value": "2"}, "F": {"value": True}, "L": [1]}, "X")

    assert record.number("N") == Decimal("2.50")
    for read, name in ((record.number, "T"), (record.number, "F"), (record.text, "N"), (record.flag, "T")):
        with pytest.raises(NotInForm, match=name):
            read(name)
    with pytest.raises(NotInForm, match="whole"):
        record.whole("N")
    with pytest.raises(NotInForm, match="object"):
        list(record.rows("L"))


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2023-12-14T19:57:08+00:00", 0),
        ("2023-12-14T19:57:08.06+00:00", 60_000),
        ("2023-12-14T20:57:08.1234567+01:00", 123_456),
        ("2023-12-14T19:57:08.5", 500_000),
    ],
)
def test_instants_have_fractions_of_any_length(text: str, microseconds: int) -> None:
    assert read_moment(text) == datetime(2023, 12, 14, 19, 57, 8, microseconds, tzinfo=UTC)


def test_the_service_root_of_old_builds_is_a_bare_list() -> None:
    row = {"name": "Default", "version": "24.200.001", "href": "/x"}

    assert read_versions([row]) == SiteVersions(build="", endpoints=(Endpoint.parse("Default/24.200.001"),))
    assert read_versions({"version": {"acumaticaBuildVersion": "26.1"}, "endpoints": [row]}) is not None
    assert read_versions({"anything": 1}) is None
    assert read_versions("text") is None


def test_the_configured_endpoint_must_be_there_and_otherwise_the_best_is_taken() -> None:
    site = SiteVersions(build="", endpoints=tuple(map(Endpoint.parse, ("Default/23.200.001", "Default/25.200.001"))))

    assert choose(site, None) == Endpoint.parse("Default/25.200.001")
    assert "has no endpoint Ours/1" in str(choose(site, Endpoint.parse("Ours/1")))
    assert "older than 2023 R2" in str(choose(SiteVersions(build="", endpoints=()), None))
