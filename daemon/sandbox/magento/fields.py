"""The `fields=` parameter: an answer cut down to what was asked for."""

from typing import TypeAlias

Wanted: TypeAlias = dict[str, "Wanted | None"]


def read_fields(text: str) -> Wanted:
    """Read `items[sku,price],total_count`; names without brackets keep all of their value."""
    wanted: Wanted = {}
    levels: list[Wanted] = [wanted]
    name = ""
    for letter in [*text, ","]:
        if letter == "[":
            below: Wanted = {}
            levels[-1][name.strip()] = below
            levels.append(below)
            name = ""
        elif letter in ",]":
            if name.strip():
                levels[-1][name.strip()] = None
            name = ""
            if letter == "]" and len(levels) > 1:
                levels.pop()
        else:
            name += letter
    return wanted


def cut(value: object, wanted: Wanted) -> object:
    """Keep what is wanted; a list is cut row by row, and an empty list under brackets becomes null, as in Magento."""
    if isinstance(value, list):
        return [cut(row, wanted) for row in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, object] = {}
    for name, part in value.items():
        if name not in wanted:
            continue
        below = wanted[name]
        if below is None:
            kept[name] = part
        else:
            kept[name] = None if part == [] else cut(part, below)
    return kept
