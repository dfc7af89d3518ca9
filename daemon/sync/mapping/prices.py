"""Prices: base price by the Price Sync Preferences, promotions as special prices, breaks as tiers (R29, B36)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.gates.entity import entity_gate, tier_price_gate
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.mapping.refusal import unmapped
from daemon.sync.pricing import PriceChange
from daemon.sync.records.sales_price import ErpItemPrices, ErpSalesPrice
from daemon.sync.shop.prices import ShopTierPrices, TierPrice
from queues.verdicts import Refused


def map_price(
    prices: ErpItemPrices,
    settings: ConnectorSettings,
    *,
    today: date,
    zone: tzinfo = UTC,
    storeview: str | None = None,
) -> PriceChange | KeptBack | Refused:
    """
    Give the price of an item.

    Args:
        prices: all that makes it.
        settings: of the scope.
        today: the day in the ERP's calendar.
        zone: of that calendar; the days of promotions begin and end by it.
        storeview: code of the store view, None for all.

    Returns:
        Kept back when the ERP has no price of the chosen kind; refused when it is below zero.
    """
    price = chosen_price(prices, settings, today=today)
    sku = prices.inventory_id.strip()
    if price is None:
        return KeptBack(reason="price_missing", text=f"item {sku} has no {settings.price.source.replace('_', ' ')}")
    if price < 0:
        return unmapped(f"the price of item {sku} is {price}, it must be 0 or more")
    if not settings.price.sales_price_sync:
        return PriceChange(sku=sku, storeview=storeview, price=price)
    special = _promotion(prices, settings, today)
    if special is None:
        # With the sync on the ERP is where special prices are: one that it no longer has goes from the shop, too.
        return PriceChange(sku=sku, storeview=storeview, price=price, special_price_withdrawn=True)
    begins, ends = special.effective_on, special.expires_on
    return PriceChange(
        sku=sku,
        storeview=storeview,
        price=price,
        special_price=special.price,
        special_from=_instant(begins, time.min, zone) if begins else None,
        special_to=_instant(ends, time(23, 59, 59), zone) if ends else None,
    )


def map_website_price(
    prices: ErpItemPrices, website: str, document: SettingsDocument, *, today: date, zone: tzinfo = UTC
) -> PriceChange | KeptBack | Refused:
    """
    Give the price of an item in one website that says something differently, as `map_price` does.

    Args:
        prices: all that makes it.
        website: code of it; one of its store views is among the scopes.
        document: all scopes.
        today: the day in the ERP's calendar.
        zone: of that calendar.
    """
    held, default = document.of(website), document.default
    is_own_currency = held.price.currency != default.price.currency
    if is_own_currency:
        # The item's own price is told in the base currency, whichever that is: only the sales prices name theirs.
        prices = replace(prices, sales_price=None)
    change = map_price(prices, held, today=today, zone=zone, storeview=document.view_of(website))
    if not isinstance(change, PriceChange):
        return change
    # A price of its own would hide the price of all websites for good: there is no call to take it back.
    is_inherited = not is_own_currency and entity_gate("pricing", default) is None
    return replace(change, website=website, price_inherited=is_inherited)


def chosen_price(prices: ErpItemPrices, settings: ConnectorSettings, *, today: date) -> Decimal | None:
    """
    Give the base price by the Price Sync Preferences; None: the ERP has none.

    The Sales Price is the item's own, else the regular base price of *today* in the sales prices.
    """
    if settings.price.source == "default_price":
        return prices.default_price
    if prices.sales_price is not None:
        return prices.sales_price
    regular = [row for row in _base_rows(prices, settings) if not row.is_promotion and row.holds_on(today)]
    return _newest(regular).price if regular else None


def map_tier_prices(prices: ErpItemPrices, document: SettingsDocument, *, today: date) -> ShopTierPrices:
    """
    Give all tier prices that hold on *today*: quantity breaks, and prices of mapped customer price classes.

    Prices of single customers have no place in the shop, those of one warehouse neither: they are not told. A website
    that says something differently has tiers of its own beside those of all websites.
    """
    tiers: list[TierPrice] = []
    websites: list[str] = []
    for_all = tier_price_gate(document.default) is None
    if for_all:
        tiers += _tiers(prices, document.default, today=today, website=None)
    for scope, held in document.websites():
        if tier_price_gate(held) is None and not (for_all and held.price == document.default.price):
            tiers += _tiers(prices, held, today=today, website=scope.code)
            websites.append(scope.code)
    return ShopTierPrices(
        sku=prices.inventory_id.strip(),
        tiers=tuple(sorted(tiers, key=lambda tier: (tier.website or "", tier.group or "", tier.quantity))),
        websites=None if for_all else tuple(websites),
    )


def _tiers(
    prices: ErpItemPrices, settings: ConnectorSettings, *, today: date, website: str | None
) -> Iterator[TierPrice]:
    groups = {row.price_class: row.group for row in settings.mappings.customer_groups if row.price_class}
    best: dict[tuple[str | None, Decimal], ErpSalesPrice] = {}
    for row in prices.rows:
        if not (_is_ours(row, prices, settings) and row.holds_on(today) and row.price >= 0):
            continue
        if row.price_type == "base" and row.break_quantity > 1:
            place: tuple[str | None, Decimal] = (None, row.break_quantity)
        elif row.price_type == "customer_price_class" and row.price_code in groups:
            place = (groups[row.price_code], max(row.break_quantity, Decimal(1)))
        else:
            continue
        best[place] = _newest([row, best[place]]) if place in best else row
    for (group, quantity), row in best.items():
        yield TierPrice(quantity=quantity, price=row.price, group=group, website=website)


def _promotion(prices: ErpItemPrices, settings: ConnectorSettings, today: date) -> ErpSalesPrice | None:
    """Give the promotion that holds, the cheapest of several; else the next one to begin: the shop keeps its days."""
    promotions = [row for row in _base_rows(prices, settings) if row.is_promotion and row.price >= 0]
    holding = [row for row in promotions if row.holds_on(today)]
    if holding:
        return min(holding, key=lambda row: row.price)
    coming = [(row.effective_on, row.price, row) for row in promotions if row.effective_on and row.effective_on > today]
    return min(coming, key=lambda each: each[:2])[2] if coming else None


def _base_rows(prices: ErpItemPrices, settings: ConnectorSettings) -> Iterator[ErpSalesPrice]:
    for row in prices.rows:
        if row.price_type == "base" and row.break_quantity <= 1 and _is_ours(row, prices, settings):
            yield row


def _is_ours(row: ErpSalesPrice, prices: ErpItemPrices, settings: ConnectorSettings) -> bool:
    """Leave out what is for one warehouse, another unit than the sales unit, or another currency."""
    currency = settings.price.currency or prices.base_currency
    return (
        row.warehouse is None
        and (row.unit is None or prices.sales_unit is None or row.unit == prices.sales_unit)
        and (row.currency is None or currency is None or row.currency == currency)
    )


def _newest(rows: list[ErpSalesPrice]) -> ErpSalesPrice:
    """Give the row that counts: promotions before regular prices, then the one that began last, then the cheapest."""
    return max(rows, key=lambda row: (row.is_promotion, row.effective_on or date.min, -row.price))


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
