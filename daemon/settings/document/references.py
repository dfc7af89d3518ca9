"""Codes of the ERP that settings name, and what to say of those its lists do not have (R85, R105-R107, R112, R113)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument

ReferenceKind: TypeAlias = Literal[
    "branches", "cash_accounts", "customer_classes", "customer_price_classes", "customer_terms", "item_classes",
    "order_types", "payment_methods", "sales_accounts", "ship_vias", "statement_cycles", "tax_categories",
    "warehouses",
]  # fmt: skip
"""The lists that are fetched, by name."""

KINDS: Final[tuple[ReferenceKind, ...]] = get_args(ReferenceKind)

TITLES: Final[Mapping[ReferenceKind, str]] = {
    "branches": "branch",
    "cash_accounts": "cash account",
    "customer_classes": "customer class",
    "customer_price_classes": "customer price class",
    "customer_terms": "credit terms",
    "item_classes": "item class",
    "order_types": "order type",
    "payment_methods": "payment method",
    "sales_accounts": "sales account",
    "ship_vias": "ship-via",
    "statement_cycles": "statement cycle",
    "tax_categories": "tax category",
    "warehouses": "warehouse",
}
"""What one entry is, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCodes:
    """
    The codes of one list.

    Attributes:
        codes: folded code to whether it is active; an ERP compares without regard to case.
        fetched_at: when the list came.
    """

    codes: Mapping[str, bool]
    fetched_at: datetime


def advise_references(document: SettingsDocument, known: Mapping[str, KnownCodes]) -> Iterator[str]:
    """
    Say which codes the ERP does not have, or has switched off; lists that never came say nothing.

    Args:
        document: whose codes.
        known: by kind.
    """
    told: dict[str, None] = {}
    for scope in document.scopes:
        if scope.branch is not None:
            _tell(told, f"scopes.{scope.code}.branch", "branches", scope.branch, known)
    for prefix, settings in (
        ("", document.default),
        *((f"{code}: ", each) for code, each in document.resolved.items()),
    ):
        for path, kind, code in codes_in(settings):
            _tell(told, path, kind, code, known, prefix=prefix)
    yield from told


def _tell(
    told: dict[str, None],
    path: str,
    kind: ReferenceKind,
    code: str,
    known: Mapping[str, KnownCodes],
    *,
    prefix: str = "",
) -> None:
    found = known.get(kind)
    if found is None:
        return
    active = found.codes.get(code.casefold())
    as_of = f"as of {found.fetched_at:%Y-%m-%d %H:%M} UTC"
    text = None
    if active is None:
        text = f"{path}: the ERP has no {TITLES[kind]} {code} ({as_of})"
    elif not active:
        text = f"{path}: {TITLES[kind]} {code} is not active in the ERP ({as_of})"
    # What a scope merely inherits was told of the default already.
    if text is not None and text not in told:
        told.setdefault(f"{prefix}{text}")


def codes_in(settings: ConnectorSettings) -> Iterator[tuple[str, ReferenceKind, str]]:
    """Give path, kind and code of everything that *settings* name in the ERP."""
    customers, orders, mappings = settings.customers, settings.orders, settings.mappings
    one: tuple[tuple[str, ReferenceKind, str | None], ...] = (
        ("warehouse.default", "warehouses", settings.warehouse.default),
        ("customers.default_class", "customer_classes", customers.default_class),
        ("customers.default_terms", "customer_terms", customers.default_terms),
        ("customers.default_statement_cycle", "statement_cycles", customers.default_statement_cycle),
        ("orders.type", "order_types", orders.type),
        ("orders.default_sales_account", "sales_accounts", orders.default_sales_account),
        ("orders.default_payment_method", "payment_methods", orders.default_payment_method),
        ("orders.default_cash_account", "cash_accounts", orders.default_cash_account),
        ("shipment.dropship_ship_via", "ship_vias", settings.shipment.dropship_ship_via),
    )
    many: tuple[tuple[str, ReferenceKind, tuple[str | None, ...]], ...] = (
        ("inventory.warehouses", "warehouses", settings.inventory.warehouses),
        ("customers.classes_to_shop", "customer_classes", customers.classes_to_shop),
        ("orders.types_to_shop", "order_types", orders.types_to_shop),
        ("mappings.warehouses", "warehouses", tuple(row.warehouse for row in mappings.warehouses)),
        ("mappings.branches", "branches", tuple(row.branch for row in mappings.branches)),
        ("mappings.branches", "warehouses", tuple(row.warehouse for row in mappings.branches)),
        ("mappings.customer_groups", "customer_classes", tuple(row.customer_class for row in mappings.customer_groups)),
        (
            "mappings.customer_groups",
            "customer_price_classes",
            tuple(row.price_class for row in mappings.customer_groups),
        ),
        ("mappings.payments", "payment_methods", tuple(row.erp_method for row in mappings.payments)),
        ("mappings.payments", "cash_accounts", tuple(row.cash_account for row in mappings.payments)),
        ("mappings.carriers", "ship_vias", tuple(row.ship_via for row in mappings.carriers)),
        ("mappings.shipping", "ship_vias", tuple(row.ship_via for row in mappings.shipping)),
        ("mappings.tax_classes", "tax_categories", tuple(row.tax_category for row in mappings.tax_classes)),
    )
    for path, kind, code in (*one, *((path, kind, code) for path, kind, codes in many for code in codes)):
        if code is not None:
            yield path, kind, code
