"""Prices: base price by the Price Sync Preferences, promotions as special prices, breaks as tiers (R29, B36)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal

from daemon.settings.document.connector import ConnectorSettings
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
    special = _promotion(prices, settings, today) if settings.price.sales_price_sync else None
    if special is None:
        return PriceChange(sku=sku, storeview=storeview, price=price)
    begins, ends = special.effective_on, special.expires_on
    return PriceChange(
        sku=sku,
        storeview=storeview,
        price=price,
        special_price=special.price,
        special_from=_instant(begins, time.min, zone) if begins else None,
        special_to=_instant(ends, time(23, 59, 59), zone) if ends else None,
    )


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


def map_tier_prices(prices: ErpItemPrices, settings: ConnectorSettings, *, today: date) -> ShopTierPrices:
    """
    Give all tier prices that hold on *today*: quantity breaks, and prices of mapped customer price classes.

    Prices of single customers have no place in the shop, those of one warehouse neither: they are not told.
    """
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
    tiers = [TierPrice(quantity=quantity, price=row.price, group=group) for (group, quantity), row in best.items()]
    return ShopTierPrices(
        sku=prices.inventory_id.strip(), tiers=tuple(sorted(tiers, key=lambda tier: (tier.group or "", tier.quantity)))
    )


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
