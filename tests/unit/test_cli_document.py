import json
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.document_views import differences, document_table, leaves, read_document_changes, read_document_file
from daemon.cli.errors import UsageError
from daemon.settings.document.scopes import SettingsDocument
from queues.settings import QueueProcessingSettings

CURRENT: dict[str, Any] = {
    "queue": QueueProcessingSettings().to_document(),
    **SettingsDocument.from_document({}).to_document(),
}


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("price.source=sales_price", {"price": {"source": "sales_price"}}),
        ("syncs.product.enabled=true", {"syncs": {"product": {"enabled": True}}}),
        ("orders.number_of_retries=4", {"orders": {"number_of_retries": 4}}),
        ("price.currency=default", {"price": {"currency": None}}),
        ("inventory.warehouses=MAIN, EAST", {"inventory": {"warehouses": ["MAIN", "EAST"]}}),
        ('inventory.warehouses=["A,B"]', {"inventory": {"warehouses": ["A,B"]}}),
        ("retry_count=5", {"queue": {"retry_count": 5}}),
        ("max_in_flight.product=8", {"queue": {"max_in_flight": {"product": 8}}}),
    ],
)
def test_an_assignment_is_the_part_of_the_document_it_names(assignment: str, expected: dict[str, Any]) -> None:
    assert read_document_changes([assignment], CURRENT) == expected


@pytest.mark.parametrize("told", [["price.source"], ["price.=x"], ["price.source=a", "price.source=b"], ["rules.x=[1"]])
def test_an_assignment_that_cannot_be_read_is_refused(told: list[str]) -> None:
    with pytest.raises(UsageError):
        read_document_changes(told, CURRENT)


def test_the_table_shows_groups_by_dotted_names_and_the_default_where_it_differs() -> None:
    changed = {**CURRENT, "price": {**CURRENT["price"], "source": "sales_price"}}

    table = document_table(changed, ["price", "rules"])

    assert ("price.source", "sales_price", "default_price") in table.rows
    assert ("price.currency", "-", "") in table.rows
    assert ("rules", "-", "") in table.rows
    assert len(document_table(CURRENT, []).rows) == len(dict(leaves(CURRENT, "")))
    with pytest.raises(UsageError, match="the groups are queue, capabilities"):
        document_table(CURRENT, ["prize"])


def test_differences_are_told_from_old_to_new() -> None:
    after = {**CURRENT, "time": {"max_skew_seconds": 9}}

    assert differences(CURRENT, after) == "time.max_skew_seconds 5 → 9"
    assert differences(CURRENT, CURRENT) == "nothing"


def test_a_file_holds_a_part_of_the_document(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"time": {"max_skew_seconds": 9}}), encoding="utf-8")
    bad.write_text("[1]", encoding="utf-8")

    assert read_document_file(good) == {"time": {"max_skew_seconds": 9}}
    for each in (bad, tmp_path / "none.json"):
        with pytest.raises(UsageError):
            read_document_file(each)
