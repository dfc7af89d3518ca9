"""The writers against the sandbox store: what arrives there, and that a second time changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from daemon.sandbox.faults import Fault, Mode
from daemon.sandbox.magento.ordering import OrderLine
from daemon.sync.shop.attribute import ATTRIBUTE_GROUP, ShopAttributeSet
from daemon.sync.shop.category import CategoryRemoval, ShopCategory
from daemon.sync.shop.customer import ShopAddress, ShopCustomer, ShopCustomerGroup
from daemon.sync.shop.image import ALL_ROLES, ProductImages, ShopImage
from daemon.sync.shop.order import ShippedLine, ShopInvoice, ShopOrderStatus, ShopShipment, Track
from daemon.sync.shop.prices import ShopTierPrices, TierPrice
from daemon.sync.shop.product import CategoryPlace, ConfigurableParts, ProductLinks, ProductRemoval, ShopProduct
from daemon.sync.shop.tax_class import ShopTaxClass
from queues.verdicts import Refused, Unreachable, Verdict
from tests.writers_shop import SET, WritersShop, delivered, refused, writers_shop

GIF = b"GIF89a" + b"first" + b"\x3b"
ADDRESS = ShopAddress(
    first_name="Rita",
    last_name="Record",
    street=("1 Example Road", "Unit 2"),
    city="Sampleton",
    country="US",
    region="TX",
    postcode="10001",
    telephone="555-0100",
    is_default_billing=True,
    is_default_shipping=True,
)
CUSTOMER = ShopCustomer(
    email="rita@example.com", first_name="Rita", last_name="Record", group="Trade", addresses=(ADDRESS,)
)
PRODUCT = ShopProduct(
    sku="NEW 1/2+",
    name="Bracket",
    attribute_set=SET,
    price=Decimal("12.50"),
    weight=Decimal("0.4"),
    visibility="catalog",
    tax_class="Taxable Goods",
    websites=("base",),
    categories=(CategoryPlace(mark="erp-1", position=3),),
    values={"finish": "Gloss", "description": "Of steel", "meta_title": None},
)


@pytest.fixture
async def shop() -> AsyncIterator[WritersShop]:
    async with writers_shop() as running:
        yield running


async def twice(shop: WritersShop, write: Callable[[], Awaitable[Verdict]]) -> None:
    """The record arrives, and bringing it once more sends no change."""
    delivered(await write())
    shop.forget()
    delivered(await write())
    assert [f"{entry.method} {entry.path}" for entry in shop.writes()] == []


async def catalogue(shop: WritersShop) -> None:
    await shop.finish()
    delivered(await shop.write.categories.write(ShopCategory(mark="erp-1", name="Brackets")))


async def test_a_product_arrives_with_all_it_says(shop: WritersShop) -> None:
    await catalogue(shop)

    await twice(shop, lambda: shop.write.products.write(PRODUCT))

    stored = shop.product("NEW 1/2+")
    told = {code: stored.value(code, 0) for code in ("name", "price", "weight", "status", "visibility", "tax_class_id")}
    assert told == {
        "name": "Bracket",
        "price": Decimal("12.5"),
        "weight": Decimal("0.4"),
        "status": 1,
        "visibility": 2,
        "tax_class_id": "2",
    }
    assert (stored.value("finish", 0), stored.value("description", 0)) == ("5", "Of steel")
    assert (stored.website_ids, stored.category_links) == ([1], {3: 3})
    made = shop.running.sandbox.shop.attribute_sets.named(SET)
    assert made is not None
    assert stored.attribute_set_id == made.set_id
    (place,) = shop.running.sandbox.shop.attribute_sets.places.values()
    group = shop.running.sandbox.shop.attribute_sets.group(place)
    assert group is not None
    assert group.name == ATTRIBUTE_GROUP


async def test_of_a_product_that_is_new_somebody_is_told_once(shop: WritersShop) -> None:
    await catalogue(shop)
    made: list[str] = []

    async def note(sku: str) -> None:
        made.append(sku)

    shop.write.products.when_made(note)
    for _ in range(2):
        delivered(await shop.write.products.write(PRODUCT))

    assert made == [PRODUCT.sku]


async def test_of_a_product_that_is_there_only_what_differs_is_sent(shop: WritersShop) -> None:
    await catalogue(shop)
    delivered(await shop.write.products.write(PRODUCT))
    shop.forget()

    changed = replace(PRODUCT, name="Bracket, new", is_enabled=False, values={"description": None})
    delivered(await shop.write.products.write(changed))

    assert shop.bodies("/products") == [
        {
            "product": {
                "sku": "NEW 1/2+",
                "name": "Bracket, new",
                "status": 2,
                "custom_attributes": [{"attribute_code": "description", "value": None}],
            }
        }
    ]
    assert shop.product("NEW 1/2+").value("description", 0) is None
    assert shop.product("NEW 1/2+").value("price", 0) == Decimal("12.5")


async def test_a_configurable_gets_its_options_and_exactly_its_children(shop: WritersShop) -> None:
    await shop.finish()
    for sku, label in (("PART-M", "Matte"), ("PART-G", "Gloss")):
        child = ShopProduct(sku=sku, name=sku, attribute_set=SET, price=Decimal(1), values={"finish": label})
        delivered(await shop.write.products.write(child))
    parts = ConfigurableParts(options=("finish",), children=("PART-M", "PART-G"))
    parent = ShopProduct(sku="CONF", type="configurable", name="Conf", attribute_set=SET, parts=parts)

    await twice(shop, lambda: shop.write.products.write(parent))
    fewer = replace(parent, parts=replace(parts, children=("PART-G",)))
    await twice(shop, lambda: shop.write.products.write(fewer))

    stored = shop.product("CONF")
    assert stored.children == [shop.product("PART-G").entity_id]
    assert [option.attribute_id for option in stored.options] == [137]


async def test_a_removed_product_may_be_removed_again(shop: WritersShop) -> None:
    await twice(shop, lambda: shop.write.products.remove(ProductRemoval(sku="AC/4 x 12+")))

    assert shop.running.sandbox.shop.catalogue.get("AC/4 x 12+") is None


async def test_categories_stand_below_their_parent_and_move_with_it(shop: WritersShop) -> None:
    top = ShopCategory(mark="erp-1", name="Brackets", position=20, values={"description": "All"})
    other = ShopCategory(mark="erp-2", name="Plates", position=10)
    small = ShopCategory(mark="erp-3", name="Small", parent="erp-1", is_active=False, in_menu=False)
    for record in (top, other, small):
        await twice(shop, partial(shop.write.categories.write, record))
    await twice(shop, lambda: shop.write.categories.write(replace(small, parent="erp-2", name="Tiny")))

    tree = shop.running.sandbox.shop.categories
    assert [str(each.value("name", 0)) for each in tree.children(2)] == ["Plates", "Brackets"]
    (child,) = tree.children(4)
    shown = (child.value("name", 0), child.value("is_active", 0), child.value("include_in_menu", 0))
    assert shown == ("Tiny", False, False)
    assert child.value("url_key", 0) == "small-erp-3"
    await twice(shop, lambda: shop.write.categories.remove(CategoryRemoval(mark="erp-2")))
    assert [each.category_id for each in tree] == [1, 2, 3]


async def test_sets_and_attributes_are_made_once_and_a_merchants_set_is_left_alone(shop: WritersShop) -> None:
    await shop.finish()
    own = ShopAttributeSet(name="Tools", attributes=("finish",))
    merchants = ShopAttributeSet(name="Default", attributes=("finish",))

    await twice(shop, lambda: shop.write.attribute_sets.write(own))
    shop.forget()
    delivered(await shop.write.attribute_sets.write(merchants))

    assert shop.writes() == []
    assert shop.running.sandbox.shop.attribute_sets.places == {(9, "finish"): 31}


async def test_links_come_in_their_order_and_go_when_they_are_gone(shop: WritersShop) -> None:
    record = ProductLinks(sku="AC-1000", links={"related": ("AC-1002", "AC-1001"), "cross_sell": ("AC-1003",)})

    await twice(shop, lambda: shop.write.links.write(record))
    await twice(shop, lambda: shop.write.links.write(replace(record, links={"cross_sell": ()})))

    links = sorted(shop.product("AC-1000").links, key=lambda link: link.position)
    assert [(link.link_type, link.linked_sku) for link in links] == [("related", "AC-1002"), ("related", "AC-1001")]


async def test_images_come_change_and_go_and_the_merchants_own_stay(shop: WritersShop) -> None:
    front = ShopImage(content=GIF, name="Front.gif", label="Front", roles=ALL_ROLES)
    back = ShopImage(content=GIF + b"\x3b", name="Back.gif", position=2)
    merchants = ShopImage(content=GIF, name="x.gif")
    await shop.write.images.write(ProductImages(sku="AC-1000", images=(merchants,)))
    shop.product("AC-1000").gallery[0].file = "/o/w/own.gif"

    await twice(shop, lambda: shop.write.images.write(ProductImages(sku="AC-1000", images=(front, back))))
    relabelled = replace(back, label="Back view", roles=("thumbnail",))
    first = replace(front, roles=("image", "small_image"))
    shop.forget()
    await twice(shop, lambda: shop.write.images.write(ProductImages(sku="AC-1000", images=(first, relabelled))))
    assert shop.bodies("/media") == []
    await twice(shop, lambda: shop.write.images.write(ProductImages(sku="AC-1000", images=(relabelled,))))

    gallery = {entry.file: (entry.label, entry.types) for entry in shop.product("AC-1000").gallery}
    assert gallery == {f"/b/a/back-{back.digest}.gif": ("Back view", ["thumbnail"]), "/o/w/own.gif": ("", [])}


async def test_images_wait_for_their_product_and_no_images_for_nothing(shop: WritersShop) -> None:
    front = ShopImage(content=GIF, name="Front.gif", roles=ALL_ROLES)

    waits = await shop.write.images.write(ProductImages(sku="NO-SUCH", images=(front,)))
    delivered(await shop.write.images.write(ProductImages(sku="NO-SUCH", images=())))

    assert isinstance(waits, Refused)
    assert (waits.error_class, shop.writes()) == ("not_found", [])


async def test_a_customer_arrives_with_group_and_address(shop: WritersShop) -> None:
    await twice(shop, lambda: shop.write.customers.write(CUSTOMER))
    moved = replace(CUSTOMER, last_name="Recorded", group="General", addresses=(replace(ADDRESS, telephone="1"),))
    await twice(shop, lambda: shop.write.customers.write(moved))

    people = shop.running.sandbox.shop.people
    (customer,) = people.customers.values()
    assert (customer.facts["lastname"], customer.facts["group_id"]) == ("Recorded", 1)
    (address,) = customer.addresses
    assert (address.region_id, address.facts["telephone"]) == (57, "1")
    assert (customer.default_billing, customer.default_shipping) == (1, 1)
    assert people.group_named("Trade") is not None


async def test_attributes_of_a_customer_arrive_as_texts_and_go_again(shop: WritersShop) -> None:
    shop.running.sandbox.shop.people.custom_attributes |= {"trade", "interests", "vip"}
    told = replace(CUSTOMER, values={"trade": "Joiner", "interests": ("Wood", "Steel"), "vip": True})
    await twice(shop, lambda: shop.write.customers.write(told))
    (customer,) = shop.running.sandbox.shop.people.customers.values()
    stored = dict(customer.custom)

    await twice(shop, lambda: shop.write.customers.write(replace(CUSTOMER, values={"trade": None, "interests": ()})))

    assert stored == {"trade": "Joiner", "interests": "Wood, Steel", "vip": "1"}
    assert {code: value for code, value in customer.custom.items() if value is not None} == {"vip": "1"}


async def test_what_two_need_at_once_is_made_once(shop: WritersShop) -> None:
    people = [replace(CUSTOMER, email=f"{name}@example.com") for name in ("rita", "olga", "vera")]

    for verdict in await asyncio.gather(*map(shop.write.customers.write, people)):
        delivered(verdict)

    assert [entry.method for entry in shop.writes() if "customerGroups" in entry.path] == ["POST"]


async def test_groups_tax_classes_and_tier_prices_arrive_once(shop: WritersShop) -> None:
    await twice(shop, lambda: shop.write.tax_classes.write(ShopTaxClass(name="Exempt")))
    group = ShopCustomerGroup(code="Trade")
    await twice(shop, lambda: shop.write.customer_groups.write(group))
    trade = TierPrice(quantity=Decimal(10), price=Decimal(9), group="Trade")
    tiers = (trade, TierPrice(quantity=Decimal(5), price=Decimal(8)))

    delivered(await shop.write.tier_prices.write(ShopTierPrices(sku="AC-1000", tiers=tiers)))
    assert {int(tier.quantity): int(tier.price) for tier in shop.product("AC-1000").tier_prices} == {5: 8, 10: 9}
    delivered(await shop.write.tier_prices.write(ShopTierPrices(sku="AC-1000", tiers=())))
    assert shop.product("AC-1000").tier_prices == []


async def test_tier_prices_of_one_website_leave_those_of_the_others(shop: WritersShop) -> None:
    shop.running.sandbox.shop.configuration.price_scope = "website"
    of_all, own = TierPrice(quantity=Decimal(5), price=Decimal(8)), TierPrice(quantity=Decimal(5), price=Decimal(7))
    for_base = ShopTierPrices(sku="AC-1000", tiers=(replace(own, website="base"),), websites=("base",))

    delivered(await shop.write.tier_prices.write(ShopTierPrices(sku="AC-1000", tiers=(of_all,))))
    delivered(await shop.write.tier_prices.write(for_base))
    both = {tier.website_id: int(tier.price) for tier in shop.product("AC-1000").tier_prices}
    delivered(await shop.write.tier_prices.write(replace(for_base, tiers=())))
    left = {tier.website_id: int(tier.price) for tier in shop.product("AC-1000").tier_prices}

    assert (both, left) == ({0: 8, 1: 7}, {0: 8})


async def test_a_shipment_completes_an_order_that_is_invoiced_and_leaves_its_source(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000", quantity=Decimal(2)), OrderLine(sku="AC-1001"))
    lines = (ShippedLine(sku="ac-1000", quantity=Decimal(2)), ShippedLine(sku="AC-1001", quantity=Decimal(1)))
    tracks = (Track(number="TRK-1", title="Parcel", carrier="ups"), Track(number="TRK-2", title="Parcel"))

    record = ShopShipment(order=order.increment_id, key="000123", lines=lines, tracks=tracks, source="default")
    await twice(shop, lambda: shop.write.shipments.write(record))

    (made,) = shop.running.sandbox.shop.sales.shipments.values()
    assert {item.sku: int(quantity) for _, item, quantity in made.lines} == {"AC-1000": 2, "AC-1001": 1}
    assert [track.number for track in made.tracks] == ["TRK-1", "TRK-2"]
    assert order.state == "processing"


async def test_two_documents_of_one_order_are_written_one_after_the_other(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000", quantity=Decimal(2)))
    parcels = [
        ShopShipment(order=order.increment_id, key=key, lines=(ShippedLine(sku="AC-1000", quantity=Decimal(quantity)),))
        for key, quantity in (("1", 2), ("2", 1))
    ]

    first, second = await asyncio.gather(*map(shop.write.shipments.write, parcels))

    delivered(first)
    refused(second, "conflict", "only 0 left")
    assert len([entry for entry in shop.writes() if entry.path.endswith("/ship")]) == 1


@pytest.mark.parametrize(
    ("mode", "expected", "error_class"),
    [
        ("down", Unreachable, "connection"),
        ("maintenance", Unreachable, "target_error"),
        ("rate_limited", Refused, "rate_limit"),
        ("unauthorised", Refused, "auth"),
        ("error_500", Refused, "target_error"),
        ("php_error", Refused, "target_error"),
        ("bad_gateway", Refused, "target_error"),
        ("not_found", Refused, "target_error"),
    ],
)
async def test_trouble_of_the_store_is_never_told_as_the_records_fault(
    shop: WritersShop, mode: Mode, expected: type[Verdict], error_class: str
) -> None:
    order = shop.order(OrderLine(sku="AC-1000"))
    shop.running.sandbox.faults.switch_on(Fault(mode=mode))

    write = shop.write
    for verdict in (
        await write.products.write(PRODUCT),
        await write.categories.write(ShopCategory(mark="erp-1", name="Brackets")),
        await write.customers.write(CUSTOMER),
        await write.links.write(ProductLinks(sku="AC-1000", links={"related": ("AC-1001",)})),
        await write.tax_classes.write(ShopTaxClass(name="Exempt")),
        await write.order_statuses.write(ShopOrderStatus(order=order.increment_id, status="holded")),
    ):
        assert isinstance(verdict, expected), verdict
        assert isinstance(verdict, Refused | Unreachable)
        assert verdict.error_class == error_class


async def test_after_a_lost_answer_the_next_attempt_finds_what_was_done(shop: WritersShop) -> None:
    await catalogue(shop)
    order = shop.order(OrderLine(sku="AC-1000", quantity=Decimal(2)))
    image = ProductImages(sku="AC-1000", images=(ShopImage(content=GIF, name="a.gif"),))
    parcel = ShopShipment(order=order.increment_id, key="1", lines=(ShippedLine(sku="AC-1000", quantity=Decimal(1)),))
    bill = ShopInvoice(order=order.increment_id, key="AR1", lines=(ShippedLine(sku="AC-1000", quantity=Decimal(1)),))
    lost: list[tuple[str, Callable[[], Awaitable[Verdict]]]] = [
        ("/media", lambda: shop.write.images.write(image)),
        ("/ship", lambda: shop.write.shipments.write(parcel)),
        ("/invoice", lambda: shop.write.invoices.write(bill)),
    ]
    for path, write in lost:
        shop.running.sandbox.faults.switch_on(Fault(mode="reset_after", path=path, count=1))
        assert isinstance(await write(), Unreachable | Refused)
        await twice(shop, write)

    assert len(shop.product("AC-1000").gallery) == 1
    assert len(shop.running.sandbox.shop.sales.shipments) == 1
    assert len(shop.running.sandbox.shop.sales.invoices) == 1
