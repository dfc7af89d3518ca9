"""Item classes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpItemClass:
    """
    One item class.

    Attributes:
        class_id: `MACHINES`; blanks at its right cut.
        is_enabled_for_sync: the box *Enabled for Magento Sync*; None: the site has no such box.
        attributes: ids of the attributes its items carry, in order.
        variant_attributes: those of them by which the items of a matrix differ; empty: the ERP did not tell.
    """

    class_id: str
    description: str = ""
    is_stock: bool = True
    is_enabled_for_sync: bool | None = None
    attributes: tuple[str, ...] = ()
    variant_attributes: tuple[str, ...] = ()
    tax_category: str | None = None
