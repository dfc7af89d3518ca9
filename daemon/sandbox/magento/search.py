"""Search criteria: read from the query, applied to rows, echoed in the answer."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fnmatch import translate
from typing import TypeAlias, TypeVar

from daemon.sandbox.magento.conversion import snake_case, wrong_type
from daemon.sandbox.magento.errors import Refusal, required
from daemon.sandbox.magento.values import JsonObject

Query: TypeAlias = Sequence[tuple[str, str]]
Row = TypeVar("Row")
_ROOTS = ("searchCriteria", "search_criteria")
_PART = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One comparison."""

    field: str
    value: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SortOrder:
    """One sort key; without a direction Magento sorts downwards."""

    field: str
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCriteria:
    """Filters of one group are alternatives, groups must all hold."""

    groups: tuple[tuple[Filter, ...], ...]
    orders: tuple[SortOrder, ...]
    page_size: int | None
    current_page: int | None

    @property
    def fields(self) -> set[str]:
        """Every field that is filtered or sorted by."""
        return {entry.field for group in self.groups for entry in group} | {order.field for order in self.orders}

    def echo(self) -> JsonObject:
        """The criteria as the answer repeats them."""
        shown: JsonObject = {
            "filter_groups": [
                {
                    "filters": [
                        {"field": entry.field, "value": entry.value, "condition_type": entry.condition}
                        for entry in group
                    ]
                }
                for group in self.groups
            ]
        }
        if self.orders:
            shown["sort_orders"] = [{"field": order.field, "direction": order.direction} for order in self.orders]
        if self.page_size is not None:
            shown["page_size"] = self.page_size
        if self.current_page is not None:
            shown["current_page"] = self.current_page
        return shown


def read_criteria(query: Query, *, page_limit: int | None, default_page_size: int | None) -> SearchCriteria:
    """
    Read the criteria of a query.

    Raises:
        Refusal: the parameter is absent, a number is none, or the page is larger than the shop allows.
    """
    given = [(key, value) for key, value in query if key.partition("[")[0] in _ROOTS]
    if not given:
        raise required("searchCriteria")
    tree: dict[str, object] = {}
    for key, value in given:
        _plant(tree, [snake_case(part) for part in _PART.findall(key)], value)
    page_size = _whole(tree.get("page_size"), "pageSize")
    if page_limit is not None and page_size is not None and page_size > page_limit:
        raise Refusal("Maximum SearchCriteria pageSize is %max", parameters={"max": page_limit})
    return SearchCriteria(
        groups=tuple(_group(group) for group in _branches(tree.get("filter_groups"))),
        orders=tuple(
            SortOrder(field=_leaf(order, "field") or "", direction=(_leaf(order, "direction") or "DESC").upper())
            for order in _branches(tree.get("sort_orders"))
        ),
        page_size=default_page_size if page_size is None else page_size,
        current_page=_whole(tree.get("current_page"), "currentPage"),
    )


def _plant(tree: dict[str, object], parts: Sequence[str], value: str) -> None:
    for position, part in enumerate(parts):
        if position == len(parts) - 1:
            tree[part] = value
            return
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return
        tree = below


def _branches(node: object) -> list[Mapping[str, object]]:
    return [branch for branch in node.values() if isinstance(branch, dict)] if isinstance(node, dict) else []


def _group(group: Mapping[str, object]) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            field=_leaf(entry, "field") or "",
            value=_leaf(entry, "value") or "",
            condition=_leaf(entry, "condition_type") or "eq",
        )
        for entry in _branches(group.get("filters"))
    )


def _leaf(node: Mapping[str, object], name: str) -> str | None:
    value = node.get(name)
    return value if isinstance(value, str) else None


def _whole(value: object, name: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.lstrip("-").isdigit() or not value.isascii():
        raise wrong_type(value, name, "int")
    return int(value)


def find(
    rows: Iterable[Row], criteria: SearchCriteria, field_of: Callable[[Row, str], object]
) -> tuple[list[Row], int]:
    """Return the rows of the wanted page and how many match in all."""
    groups = [[(entry.field, _test(entry)) for entry in group] for group in criteria.groups]
    found = [row for row in rows if all(any(holds(field_of(row, field)) for field, holds in group) for group in groups)]
    for order in reversed(criteria.orders):
        found.sort(key=lambda row: _sort_key(field_of(row, order.field)), reverse=order.direction == "DESC")
    total = len(found)
    if criteria.page_size is not None and criteria.page_size > 0:
        start = (max(criteria.current_page or 1, 1) - 1) * criteria.page_size
        found = found[start : start + criteria.page_size]
    return found, total


def wanted_texts(criteria: SearchCriteria, field: str) -> list[str] | None:
    """The only values of *field* that can match, None when the criteria do not say; lets an index be used."""
    for group in criteria.groups:
        if len(group) == 1 and group[0].field == field and group[0].condition in ("eq", "in"):
            entry = group[0]
            return entry.value.split(",") if entry.condition == "in" else [entry.value]
    return None


def _test(entry: Filter) -> Callable[[object], bool]:  # noqa: PLR0911 - one return for each kind of condition
    wanted = entry.value
    match entry.condition:
        case "null":
            return lambda stored: stored is None
        case "notnull":
            return lambda stored: stored is not None
        case "in":
            return _one_of(wanted)
        case "nin":
            within = _one_of(wanted)
            return lambda stored: stored is not None and not within(stored)
        case "finset":
            return lambda stored: stored is not None and wanted in str(stored).split(",")
        case "nfinset":
            return lambda stored: stored is not None and wanted not in str(stored).split(",")
        case "like":
            return _like(wanted)
        case "nlike":
            like = _like(wanted)
            return lambda stored: stored is not None and not like(stored)
        case _:
            signs = _SIGNS.get(entry.condition, frozenset())  # an unknown condition finds nothing
            return lambda stored: stored is not None and _compare(stored, wanted) in signs


_SIGNS = {
    "eq": frozenset({0}),
    "neq": frozenset({-1, 1}),
    "gt": frozenset({1}),
    "gteq": frozenset({0, 1}),
    "moreq": frozenset({0, 1}),
    "from": frozenset({0, 1}),
    "lt": frozenset({-1}),
    "lteq": frozenset({-1, 0}),
    "to": frozenset({-1, 0}),
}


def _one_of(wanted: str) -> Callable[[object], bool]:
    parts = wanted.split(",")
    texts = {_comparable(part) for part in parts}

    def holds(stored: object) -> bool:
        if isinstance(stored, str):
            return _comparable(stored) in texts
        return stored is not None and any(_compare(stored, part) == 0 for part in parts)

    return holds


def _like(pattern: str) -> Callable[[object], bool]:
    wild = {"%": "*", "_": "?"}
    shell = "".join(wild.get(letter, f"[{letter}]" if letter in "*?[" else letter) for letter in pattern.lower())
    matcher = re.compile(translate(shell))
    return lambda stored: stored is not None and matcher.match(str(stored).lower()) is not None


def _comparable(text: str) -> str:
    return text.rstrip(" ").lower()


def _compare(stored: object, wanted: str) -> int:
    """Compare as the database does: numbers as numbers, texts without regard to case or trailing blanks."""
    if isinstance(stored, int | Decimal):
        try:
            limit = Decimal(wanted)
        except InvalidOperation:
            limit = Decimal(0)
        return (stored > limit) - (stored < limit)
    left, right = _comparable(str(stored)), _comparable(wanted)
    return (left > right) - (left < right)


def _sort_key(value: object) -> tuple[int, Decimal, str]:
    if value is None:
        return 0, Decimal(0), ""
    if isinstance(value, int | Decimal):
        return 1, Decimal(value), ""
    return 2, Decimal(0), str(value).lower()


def result(items: list[JsonObject], criteria: SearchCriteria, total: int) -> JsonObject:
    """The answer of a search."""
    return {"items": items, "search_criteria": criteria.echo(), "total_count": total}
