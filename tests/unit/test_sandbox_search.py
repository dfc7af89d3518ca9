"""Search criteria and the fields parameter of the sandbox store."""

from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.fields import cut, read_fields
from daemon.sandbox.magento.search import SearchCriteria, find, read_criteria

ROWS: list[dict[str, object]] = [
    {"sku": "AC-1", "price": Decimal("9.5"), "note": None},
    {"sku": "AC-2", "price": Decimal(10), "note": "red,green"},
    {"sku": "bc-3", "price": Decimal(100), "note": "blue"},
]


def criteria(query: str) -> SearchCriteria:
    return read_criteria(parse_qsl(query, keep_blank_values=True), page_limit=None, default_page_size=None)


def skus(query: str) -> list[object]:
    found, _ = find(ROWS, criteria(query), lambda row, field: row[field])
    return [row["sku"] for row in found]


def where(field: str, condition: str, value: str) -> str:
    start = "searchCriteria[filter_groups][0][filters][0]"
    return f"{start}[field]={field}&{start}[condition_type]={condition}&{start}[value]={value}"


@pytest.mark.parametrize(
    ("field", "condition", "value", "found"),
    [
        ("sku", "eq", "ac-1", ["AC-1"]),
        ("sku", "eq", "AC-1 ", ["AC-1"]),
        ("sku", "in", "AC-1,BC-3,none", ["AC-1", "bc-3"]),
        ("sku", "nin", "AC-1,BC-3", ["AC-2"]),
        ("sku", "like", "ac-%25", ["AC-1", "AC-2"]),
        ("sku", "nlike", "ac-%25", ["bc-3"]),
        ("price", "gt", "9.50", ["AC-2", "bc-3"]),
        ("price", "lteq", "10", ["AC-1", "AC-2"]),
        ("price", "in", "10.0,100", ["AC-2", "bc-3"]),
        ("note", "null", "1", ["AC-1"]),
        ("note", "notnull", "1", ["AC-2", "bc-3"]),
        ("note", "finset", "green", ["AC-2"]),
        ("note", "neq", "blue", ["AC-2"]),
        ("sku", "about", "AC-1", []),
    ],
)
def test_a_condition_finds(field: str, condition: str, value: str, found: list[str]) -> None:
    assert skus(where(field, condition, value)) == found


def test_filters_of_a_group_are_alternatives_and_groups_must_all_hold() -> None:
    either = (
        "searchCriteria[filterGroups][0][filters][0][field]=sku&searchCriteria[filterGroups][0][filters][0][value]=AC-1"
        "&searchCriteria[filterGroups][0][filters][1][field]=sku"
        "&searchCriteria[filterGroups][0][filters][1][value]=AC-2"
    )
    both = (
        "&searchCriteria[filterGroups][1][filters][0][field]=price"
        "&searchCriteria[filterGroups][1][filters][0][value]=10"
    )

    assert skus(either) == ["AC-1", "AC-2"]
    assert skus(either + both) == ["AC-2"]


def test_without_a_direction_it_sorts_downwards() -> None:
    assert skus("searchCriteria[sortOrders][0][field]=price") == ["bc-3", "AC-2", "AC-1"]
    assert skus("searchCriteria[sortOrders][0][field]=price&searchCriteria[sortOrders][0][direction]=ASC") == [
        "AC-1",
        "AC-2",
        "bc-3",
    ]


def test_the_page_past_the_end_is_empty_and_the_total_stays() -> None:
    wanted = criteria("searchCriteria[pageSize]=2&searchCriteria[currentPage]=9")

    assert find(ROWS, wanted, lambda row, field: row[field]) == ([], 3)
    assert wanted.echo() == {"filter_groups": [], "page_size": 2, "current_page": 9}


def test_the_parameter_must_be_there_even_if_empty() -> None:
    with pytest.raises(Refusal):
        criteria("fields=items")
    assert skus("searchCriteria=") == ["AC-1", "AC-2", "bc-3"]


def test_a_page_above_the_limit_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        read_criteria([("searchCriteria[pageSize]", "500")], page_limit=300, default_page_size=None)

    assert refused.value.body() == {
        "message": "Maximum SearchCriteria pageSize is %max",
        "parameters": {"max": 300},
    }


def test_fields_cut_an_answer_down() -> None:
    answer = {"items": [{"sku": "A", "price": 1, "more": {"x": 1, "y": 2}}], "total_count": 1, "search_criteria": {}}

    assert cut(answer, read_fields("items[sku,more[y]],total_count")) == {
        "items": [{"sku": "A", "more": {"y": 2}}],
        "total_count": 1,
    }


def test_an_empty_list_under_brackets_becomes_null() -> None:
    assert cut({"items": []}, read_fields("items[sku]")) == {"items": None}
    assert cut({"items": []}, read_fields("items")) == {"items": []}
