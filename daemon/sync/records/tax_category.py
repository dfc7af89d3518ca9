"""Tax categories."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpTaxCategory:
    """One tax category, `TAXABLE`."""

    tax_category_id: str
    description: str = ""
    is_active: bool = True
