"""An entry of one of the ERP's lists, by whose code settings and records name it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpListEntry:
    """A warehouse, a class, an order type."""

    code: str
    description: str
    is_active: bool = True
