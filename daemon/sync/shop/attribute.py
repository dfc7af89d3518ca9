"""Attributes, their options, and the sets they are grouped in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

AttributeInput: TypeAlias = Literal["text", "textarea", "date", "boolean", "select", "multiselect", "price"]
AttributeScope: TypeAlias = Literal["store", "website", "global"]

ATTRIBUTE_GROUP: Final = "Acumatica"
"""The folder of an attribute set that the attributes of the ERP are put in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOption:
    """
    One choice of a select.

    Attributes:
        label: as seen in the admin; options are matched by it, blanks around it and letter case aside.
        position: its place among the options, 0 or more.
        labels: by store view code, where it reads differently.
    """

    label: str
    position: int = 0
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAttribute:
    """
    One product attribute: made when missing, with its options; one that is there only gets missing options.

    Attributes:
        code: a lower case letter, then lower case letters, digits and underscores; at most 60 characters.
        label: as seen in the admin.
        input: how it is entered. One that is there with another input is refused, never changed.
        scope: where values may differ. The attributes of configurables need `global`.
        options: of a select or multiselect, the ones the ERP knows; others in the shop stay.
    """

    code: str
    label: str
    input: AttributeInput = "text"
    scope: AttributeScope = "global"
    options: tuple[ShopOption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAttributeSet:
    """
    One attribute set (the ERP's item class): made when missing; one that the merchant made is never adjusted.

    Attributes:
        name: looked up as it is, blanks around it aside.
        attributes: codes of the attributes in the folder `ATTRIBUTE_GROUP`. A set that has this folder was made by
            the connector and gets those it lacks; nothing is ever taken out.
    """

    name: str
    attributes: tuple[str, ...] = ()
