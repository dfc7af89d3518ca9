"""A tax class as the shop is to hold it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

TaxClassKind: TypeAlias = Literal["product", "customer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopTaxClass:
    """
    One tax class (the ERP's tax category), made when missing; one that is there stays as it is.

    Attributes:
        name: 1 to 255 characters, compared without regard to letter case.
        kind: `product` for goods, `customer` for buyers.
    """

    name: str
    kind: TaxClassKind = "product"
