"""What a website may say differently: what somebody obeys there; the rest is refused with the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.groups import paths_for_websites
from queues.errors import SettingFault

_INSTANCE: Final = "told for the whole instance only"
_NO_ORDERS: Final = "nothing goes from the shop to the ERP yet that would be of one website"
_WHOLE_SHOP: Final = "the record is the same on every website of the shop"
_ORDERS: Final = "what becomes of an order does not say which website it is of"
_ONE_RUN: Final = "one run reads the ERP for all websites"

_REASONS: Final[Mapping[str, str]] = {
    "orders": _NO_ORDERS,
    "failed_orders": _NO_ORDERS,
    "warehouse": _NO_ORDERS,
    "customers.default_class": _NO_ORDERS,
    "customers.default_terms": _NO_ORDERS,
    "customers.default_statement_cycle": _NO_ORDERS,
    "customers.numbering": _NO_ORDERS,
    "mappings.payments": _NO_ORDERS,
    "mappings.shipping": _NO_ORDERS,
    "mappings.product_fields": _WHOLE_SHOP,
    "mappings.category_fields": _WHOLE_SHOP,
    "mappings.customer_fields": _WHOLE_SHOP,
    "mappings.customer_groups": "the shop's customer groups are the same on every website",
    "mappings.tax_classes": _WHOLE_SHOP,
    "mappings.carriers": _ORDERS,
    "mappings.order_statuses": _ORDERS,
    "syncs.order": _ORDERS,
    "syncs.failed_order": _NO_ORDERS,
    "syncs.inventory_price": _ONE_RUN,
    "syncs": _WHOLE_SHOP,
}
"""Why no website says these, by the beginning of their paths; the longest that fits counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidInScope:
    """
    What one website says.

    Attributes:
        overrides: as told.
        path: where they stand in the document.
        has_branch: a branch of the ERP stands for it.
        has_view: one of its store views is among the scopes.
    """

    overrides: Mapping[str, Any]
    path: str
    has_branch: bool
    has_view: bool

    def says(self, *names: str) -> bool:
        """Tell whether it says the setting, or one of the group, that *names* lead to."""
        held: object = self.overrides
        for name in names:
            if not isinstance(held, Mapping) or name not in held:
                return False
            held = held[name]
        return held != {}


def misplaced(overrides: Mapping[str, Any], path: str, *, is_website: bool) -> Iterator[SettingFault]:
    """Find what this scope cannot say."""
    allowed = tuple(paths_for_websites(ConnectorSettings))
    for place, value in _leaves(overrides):
        if not any(place == each or place.startswith(f"{each}.") for each in allowed):
            why = _reason(place)
            expected = f"{_INSTANCE}: {why}" if why else _INSTANCE
            yield SettingFault(field=f"{path}.{place}", expected=expected, value=value)
        elif not is_website:
            expected = "told for its website: the shop keeps prices and stock by website, not by store view"
            yield SettingFault(field=f"{path}.{place}", expected=expected, value=value)


def faults_of_website(said: SaidInScope, held: ConnectorSettings, default: ConnectorSettings) -> Iterator[SettingFault]:
    """
    Find what a website says that nothing could obey.

    Args:
        said: what it says.
        held: what holds there.
        default: what holds everywhere else.
    """
    mode = held.inventory.mode
    if default.price.sales_price_sync and not held.price.sales_price_sync:
        yield SettingFault(
            field=f"{said.path}.price.sales_price_sync",
            expected="true: the shop shows a website the special prices that are told for all",
            value=False,
        )
    if held.price.currency != default.price.currency and held.price.source == "default_price":
        yield SettingFault(
            field=f"{said.path}.price.currency",
            expected="left out unless price.source is sales_price: the Default Price is in one currency only",
            value=held.price.currency,
        )
    if said.says("inventory", "warehouses") and mode == "branch_wise":
        yield SettingFault(
            field=f"{said.path}.inventory.warehouses",
            expected="left out while inventory.mode is branch_wise",
            value=list(held.inventory.warehouses),
        )
    if said.says("mappings", "warehouses") and mode == "branch_wise" and not said.has_branch:
        yield SettingFault(
            field=f"{said.path}.mappings.warehouses",
            expected="left out of a website without a branch while inventory.mode is branch_wise",
            value=[row.warehouse for row in held.mappings.warehouses],
        )
    needs_view = held.price != default.price or (
        held.syncs.inventory_price.enabled
        and held.syncs.inventory_price.what != "inventory"
        and not (default.syncs.inventory_price.enabled and default.syncs.inventory_price.what != "inventory")
    )
    if needs_view and not said.has_view:
        group = "price" if said.says("price") else "syncs"
        yield SettingFault(
            field=f"{said.path}.{group}",
            expected="beside a store view of this website in scopes: its own prices are written through one",
            value=said.overrides.get(group),
        )


def _reason(place: str) -> str:
    fitting = [each for each in _REASONS if place == each or place.startswith(f"{each}.")]
    return _REASONS[max(fitting, key=len)] if fitting else ""


def _leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, object]]:
    for name, each in value.items():
        place = f"{path}.{name}" if path else str(name)
        if isinstance(each, Mapping) and each:
            yield from _leaves(each, place)
        else:
            yield place, each
