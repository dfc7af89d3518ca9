"""Values of fields and attributes as the ERP tells them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

ErpValue: TypeAlias = str | int | bool | Decimal | date | datetime | tuple[str, ...] | None
"""One value; numbers exact, instants aware, texts trimmed at the right; None: the ERP has none (`{}`)."""

ErpFields: TypeAlias = Mapping[str, ErpValue]
"""
Values by schema name.

The schema name is the ERP's own (`Description`, `DimensionWeight`); a custom field is `View.Field`, an attribute is
`Attributes.<attribute id>`. A name that is absent was not asked for or does not exist on the site.
"""


def number_of(value: ErpValue) -> Decimal | None:
    """Read a number that a custom field may hold as a text too; None: there is none."""
    if isinstance(value, str):
        try:
            number = Decimal(value.strip())
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
