"""Websites that say something differently: which have prices or stock of their own, and what all together need."""

from collections.abc import Iterator
from dataclasses import replace

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import ScopeSettings, SettingsDocument
from daemon.settings.document.syncs import PriceAndInventory
from daemon.sync.gates.entity import entity_gate


def anywhere(document: SettingsDocument) -> ConnectorSettings:
    """
    Give what the instance as a whole works with: the default, and what a website alone has switched on.

    One run reads the ERP for all websites; whether one runs, and whether anything is read, is decided by this.
    """
    default = document.default
    told = [default, *(held for _, held in document.websites())]
    open_ones = [each.syncs.inventory_price for each in told if each.syncs.inventory_price.enabled]
    kinds = {each.what for each in open_ones}
    what: PriceAndInventory = kinds.pop() if len(kinds) == 1 else "both"
    own = default.syncs.inventory_price
    if not open_ones or (own.enabled and own.what == what):
        return default
    return replace(default, syncs=replace(default.syncs, inventory_price=replace(own, enabled=True, what=what)))


def websites_with_prices(document: SettingsDocument) -> Iterator[tuple[ScopeSettings, ConnectorSettings]]:
    """
    Give the websites whose prices are told apart from those of all websites.

    They say other Price Sync Preferences, or prices go out for them alone.
    """
    for scope, held in document.websites():
        if entity_gate("pricing", held) is None and (
            held.price != document.default.price or entity_gate("pricing", document.default) is not None
        ):
            yield scope, held


def websites_with_stock(document: SettingsDocument) -> Iterator[tuple[ScopeSettings, ConnectorSettings]]:
    """
    Give the websites whose quantity goes out and is told apart: by their branch, or by warehouses of their own.

    So are those for which alone stock goes out.
    """
    default = document.default
    for scope, held in document.websites():
        if entity_gate("inventory", held) is not None:
            continue
        if default.inventory.mode == "branch_wise":
            if (scope.branch or "").strip():
                yield scope, held
        elif (
            entity_gate("inventory", default) is not None
            or held.inventory.warehouses != default.inventory.warehouses
            or held.mappings.warehouses != default.mappings.warehouses
        ):
            yield scope, held
