"""The catalogue a sandbox starts with: made by rule, the same every time."""

from collections.abc import Iterator
from decimal import Decimal

from daemon.sandbox.catalogue_files import CatalogueRow, fill_shop
from daemon.sandbox.magento.shop import Shop

_FIRST_NUMBER = 1_000
_ADJECTIVES = ("Steel", "Brass", "Oak", "Slate", "Copper", "Linen", "Nickel", "Walnut")
_NOUNS = ("Bracket", "Hinge", "Handle", "Shelf", "Hook", "Knob", "Rail", "Bolt", "Plate", "Latch")
_SECOND_SOURCE = "west"

_SPECIALS = (
    CatalogueRow(sku="AC-CONF", name="Configurable Shelf", type_id="configurable"),
    CatalogueRow(sku="AC-BUNDLE", name="Bundle of Hooks", type_id="bundle"),
    CatalogueRow(
        sku="AC-VIRTUAL",
        name="Assembly at Home",
        price=Decimal(49),
        type_id="virtual",
        quantities={"default": Decimal(100)},
    ),
    CatalogueRow(
        sku="AC/4 x 12+",
        name="Bolt with a difficult SKU",
        price=Decimal("0.35"),
        weight=Decimal("0.02"),
        quantities={"default": Decimal(5_000)},
    ),
)


def default_rows(count: int) -> Iterator[CatalogueRow]:
    """AC-1000 and up, *count* of them, then one of each kind that behaves in another way."""
    if not count:
        return
    for number in range(count):
        noun = _NOUNS[number % len(_NOUNS)]
        adjective = _ADJECTIVES[number // len(_NOUNS) % len(_ADJECTIVES)]
        yield CatalogueRow(
            sku=f"AC-{_FIRST_NUMBER + number}",
            name=f"{adjective} {noun} {_FIRST_NUMBER + number}",
            price=Decimal(500 + 37 * number % 9_500) / 100,
            weight=Decimal(1 + number % 40) / 10,
            quantities={"default": Decimal(10 + 7 * number % 190)},
        )
    yield from _SPECIALS


def fill_default(shop: Shop, count: int) -> None:
    """Give the shop its second source and the default products; with *count* 0 neither."""
    if not count:
        return
    shop.inventory.sources[_SECOND_SOURCE] = {
        **shop.inventory.sources["default"],
        "source_code": _SECOND_SOURCE,
        "name": "West Warehouse",
        "description": "Second source of the sandbox",
    }
    fill_shop(shop, default_rows(count))
