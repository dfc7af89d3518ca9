"""Attributes of items and customers: their definition and their values."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

ErpControl: TypeAlias = Literal["text", "combo", "multi_select", "checkbox", "datetime", "number", "selector"]
"""How the ERP enters an attribute; its own words are `Text`, `Combo`, `Multi Select Combo`, `Checkbox`, `Datetime`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpAttributeOption:
    """
    One value a combo offers.

    Attributes:
        value: the stored value, matched as it is.
        description: what people see.
        position: its place, as the ERP sorts.
        is_disabled: not to be chosen any more; records may still hold it.
    """

    value: str
    description: str
    position: int = 0
    is_disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpAttribute:
    """The definition of one attribute; *options* belong to combos."""

    attribute_id: str
    description: str
    control: ErpControl = "text"
    options: tuple[ErpAttributeOption, ...] = ()
    is_internal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpAttributeValue:
    """
    The value one record has.

    Attributes:
        value: the stored value; several, joined by commas, for a multi select; None: none.
        description: what people see of it (`ValueDescription`), None if the ERP did not tell.
    """

    attribute_id: str
    value: str | None
    description: str | None = None
