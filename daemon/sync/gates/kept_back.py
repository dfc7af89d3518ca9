"""What a gate answers, and how several are asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from typing_extensions import override

Reason: TypeAlias = Literal[
    "entity_inactive",
    "sync_disabled",
    "direction",
    "item_class_missing",
    "item_not_active",
    "item_class_not_enabled",
    "item_not_enabled",
    "visibility_missing",
    "category_missing",
    "template_not_synced",
    "category_not_enabled",
    "category_status_unknown",
    "tax_category_inactive",
    "links_unknown",
    "customer_class",
    "customer_inactive",
    "email_missing",
    "order_type",
    "not_from_shop",
    "status_not_mapped",
    "shipment_not_confirmed",
    "invoice_not_released",
    "invoice_type",
    "partly_invoiced",
    "warehouse",
    "price_missing",
    "quantity_missing",
    "fields_inactive",
    "rule",
]
"""Why a record is kept back; stable, for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBack:
    """A record that goes no further: *reason* for programs, *text* for operators."""

    reason: Reason
    text: str

    @override
    def __str__(self) -> str:
        """Give the text of the sync log."""
        return f"{self.reason}: {self.text}"


def first_reason(gates: Iterable[Callable[[], KeptBack | None]]) -> KeptBack | None:
    """Ask *gates* in order up to the first that keeps back; None: all let it pass."""
    return next((kept for gate in gates if (kept := gate()) is not None), None)
