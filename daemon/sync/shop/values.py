"""Values of attributes as people know them: labels instead of option ids, exact numbers, true and false."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

ShopValue: TypeAlias = str | int | bool | Decimal | tuple[str, ...] | None
"""
The value of one attribute; what it means follows from the attribute's input.

A text for texts; `2026-11-21` or `2026-11-21 10:00:00` (UTC) for dates; the option's **label** for a select, several
labels for a multiselect; true or false for yes/no; None clears the value.
"""

ShopValues: TypeAlias = Mapping[str, ShopValue]
"""Attribute code to value; a code that is absent is left as it is in the shop."""
