"""The tier price calls: an unknown SKU refuses the call, other faults their row."""

from collections import Counter
from decimal import Decimal

from daemon.sandbox.magento import decimals
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import no_such_product
from daemon.sandbox.magento.people import ALL_GROUPS_ID
from daemon.sandbox.magento.product import TIER_TYPES, Product, TierPrice
from daemon.sandbox.magento.stores import WEBSITE_IDS
from daemon.sandbox.magento.values import JsonObject, integer, number, rows, text, texts

_ROW_ID = "Row ID: SKU = %SKU, Website ID: %websiteId, Customer Group: %customerGroup, Quantity: %qty."
_ALL_GROUPS = "all groups"
_TOP_DISCOUNT = 100


def add_tier_prices(call: Call) -> list[JsonObject]:
    """`POST products/tier-prices`: adds, or changes the price of the same group, website and quantity."""
    problems, good = _checked(call)
    for product, tier in good:
        _put(product, tier)
    return problems


def replace_tier_prices(call: Call) -> list[JsonObject]:
    """`PUT products/tier-prices`: the products sent keep only what was sent."""
    problems, good = _checked(call)
    for product in {product.entity_id: product for product, _ in good}.values():
        product.tier_prices.clear()
    for product, tier in good:
        _put(product, tier)
    return problems


def delete_tier_prices(call: Call) -> list[JsonObject]:
    """`POST products/tier-prices-delete`; nothing to delete is no fault."""
    problems, good = _checked(call)
    for product, tier in good:
        product.tier_prices[:] = [known for known in product.tier_prices if _place(known) != _place(tier)]
    return problems


def tier_price_information(call: Call) -> list[JsonObject]:
    """`POST products/tier-prices-information`."""
    return [
        {
            "price": decimals.number(tier.price),
            "price_type": "discount" if tier.is_discount else "fixed",
            "website_id": tier.website_id,
            "sku": product.sku,
            "customer_group": _ALL_GROUPS if tier.group_id == ALL_GROUPS_ID else tier.group,
            "quantity": decimals.number(tier.quantity),
        }
        for product in call.shop.products_of(texts(call.body, "skus"))
        for tier in product.tier_prices
    ]


def _put(product: Product, tier: TierPrice) -> None:
    for position, known in enumerate(product.tier_prices):
        if _place(known) == _place(tier):
            product.tier_prices[position] = tier
            return
    product.tier_prices.append(tier)


def _place(tier: TierPrice) -> tuple[int, int, Decimal]:
    return tier.website_id, tier.group_id, tier.quantity


def _checked(call: Call) -> tuple[list[JsonObject], list[tuple[Product, TierPrice]]]:
    given = rows(call.body, "prices")
    products = [call.shop.catalogue.get(text(row, "sku") or "") for row in given]
    if None in products:
        raise no_such_product()
    seen = Counter(_identity(row) for row in given)
    problems: list[JsonObject] = []
    good: list[tuple[Product, TierPrice]] = []
    for product, row in zip(products, given, strict=True):
        if product is None:
            continue
        faults = _faults(call, product, row, is_repeated=seen[_identity(row)] > 1)
        problems.extend(faults)
        if not faults:
            good.append((product, _tier(call, row)))
    return problems, good


def _identity(row: JsonObject) -> tuple[object, ...]:
    return (
        (text(row, "sku") or "").lower(),
        integer(row, "website_id"),
        (text(row, "customer_group") or "").lower(),
        number(row, "quantity"),
    )


def _faults(call: Call, product: Product, row: JsonObject, *, is_repeated: bool) -> list[JsonObject]:
    price, quantity = number(row, "price"), number(row, "quantity")
    price_type, website, group = text(row, "price_type"), integer(row, "website_id"), text(row, "customer_group")
    shown: list[object] = [
        text(row, "sku"),
        None if website is None else str(website),
        group,
        None if quantity is None else decimals.text(quantity),
    ]
    faults: list[JsonObject] = []

    def fault(message: str, *before: object) -> None:
        faults.append({"message": f"{message} {_ROW_ID}", "parameters": [*before, *shown]})

    if product.type_id not in TIER_TYPES:
        fault("Invalid attribute SKU = %SKU.")
    if price is None or price < 0 or (price_type == "discount" and price > _TOP_DISCOUNT):
        fault("Invalid attribute Price = %price.", None if price is None else decimals.text(price))
    if price_type not in ("fixed", "discount") or (product.type_id == "bundle" and price_type == "fixed"):
        fault("Invalid attribute Price Type = %priceType.", price_type)
    if quantity is None or quantity < 1:
        fault("Invalid attribute Quantity = %qty.")
    if website is None or (website != 0 and website not in WEBSITE_IDS):
        fault("Invalid attribute Website ID = %websiteId.")
    if is_repeated:
        fault(
            "We found a duplicate website, tier price, customer group and quantity: Customer Group = %customerGroup, "
            "Website ID = %websiteId, Quantity = %qty."
        )
    if _group_id(call, group or "") is None:
        fault("No such entity with Customer Group = %customerGroup.")
    return faults


def _tier(call: Call, row: JsonObject) -> TierPrice:
    group = text(row, "customer_group") or ""
    return TierPrice(
        price=decimals.as_price(number(row, "price") or Decimal(0)),
        is_discount=text(row, "price_type") == "discount",
        website_id=integer(row, "website_id") or 0,
        group=group,
        group_id=_group_id(call, group) or 0,
        quantity=decimals.as_quantity(number(row, "quantity") or Decimal(0)),
    )


def _group_id(call: Call, code: str) -> int | None:
    if code.lower() == _ALL_GROUPS:
        return ALL_GROUPS_ID
    group = call.shop.people.group_named(code)
    return None if group is None else group.group_id
