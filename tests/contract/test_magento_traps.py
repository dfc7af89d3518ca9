"""
The traps of the recorded shop, one test each: where it says nothing, or something misleading, the writers do.

The sandbox falls for each of them as the recorded shop did; `test_magento_recordings.py` holds it to that.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from daemon.sandbox.magento.attributes import Attribute
from daemon.sandbox.magento.ordering import OrderLine
from daemon.sync.shop.attribute import ShopAttributeSet, ShopOption
from daemon.sync.shop.category import ShopCategory
from daemon.sync.shop.customer import ShopAddress, ShopCustomer
from daemon.sync.shop.image import ALL_ROLES, ProductImages, ShopImage
from daemon.sync.shop.order import ShippedLine, ShopInvoice, ShopOrderStatus, ShopShipment, Track
from daemon.sync.shop.prices import ShopTierPrices, TierPrice
from daemon.sync.shop.product import CategoryPlace, ConfigurableParts, ProductLinks, ShopProduct
from queues.verdicts import Skipped
from tests.writers_shop import SET, WritersShop, delivered, finish, refused, writers_shop

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"pixels" + b"\x00\x00\x00\x00IEND\xaeB`\x82"
HOME = ShopAddress(
    first_name="Rita",
    last_name="Record",
    street=("1 Example Road",),
    city="Sampleton",
    country="US",
    region="NY",
    postcode="10001",
    telephone="555-0100",
    is_default_billing=True,
    is_default_shipping=True,
)
RITA = ShopCustomer(email="rita@example.com", first_name="Rita", last_name="Record", addresses=(HOME,))


def product(sku: str = "NEW-1", **told: Any) -> ShopProduct:  # noqa: ANN401 - members of the record
    return ShopProduct(**{"sku": sku, "name": f"Part {sku}", "attribute_set": SET, "price": Decimal(10), **told})


@pytest.fixture
async def shop() -> AsyncIterator[WritersShop]:
    async with writers_shop() as running:
        yield running


# Products


async def test_a_sku_in_other_letter_case_would_rename_the_product(shop: WritersShop) -> None:
    refused(await shop.write.products.write(product("ac-1000")), "validation", "AC-1000", "letter by letter")

    assert shop.product("AC-1000").sku == "AC-1000"
    assert shop.writes() == []


async def test_a_second_top_level_member_would_lose_or_rename_the_sku(shop: WritersShop) -> None:
    delivered(await shop.write.products.write(product("AC-1000", attribute_set=None, name="Other")))

    (body,) = shop.bodies("/products/AC-1000")
    assert list(body) == ["product"]
    assert "id" not in body["product"]


@pytest.mark.parametrize("sku", ["AC/4 x 12+", "A/B C+D", "100% #1?&="])
async def test_a_sku_with_slash_blank_and_plus_is_one_segment(shop: WritersShop, sku: str) -> None:
    delivered(await shop.write.products.write(product(sku, attribute_set=None if "4 x" in sku else SET)))
    delivered(await shop.write.products.write(product(sku, name="Changed", attribute_set=None)))
    delivered(await shop.write.images.write(ProductImages(sku=sku, images=(ShopImage(content=PNG, name="a.png"),))))

    assert shop.product(sku).value("name", 0) == "Changed"
    assert len(shop.product(sku).gallery) == 1


@pytest.mark.parametrize("sku", ["", " AC-1", "AC-1 ", "X" * 65])
async def test_a_sku_the_store_would_cut_or_trim_is_refused(shop: WritersShop, sku: str) -> None:
    refused(await shop.write.products.write(product(sku)), "validation", "SKU")


async def test_a_product_is_never_made_without_a_price(shop: WritersShop) -> None:
    delivered(await shop.write.products.write(product(price=None)))

    assert shop.product("NEW-1").value("price", 0) == 0


async def test_an_option_label_goes_out_as_its_id_and_an_unknown_one_not_at_all(shop: WritersShop) -> None:
    await shop.finish()

    refused(await shop.write.products.write(product(values={"finish": "Purple"})), "validation", "Purple", "Matte")
    delivered(await shop.write.products.write(product(values={"finish": " gloss "})))

    assert shop.product("NEW-1").value("finish", 0) == "5"


async def test_multiselects_go_out_as_joined_ids(shop: WritersShop) -> None:
    options = (ShopOption(label="Indoor"), ShopOption(label="Outdoor"))
    use = replace(finish(options), code="use_place", input="multiselect")
    delivered(await shop.write.attributes.write(use))

    delivered(await shop.write.products.write(product(values={"use_place": ("Outdoor", "Indoor")})))

    assert shop.product("NEW-1").value("use_place", 0) == "5,4"


async def test_an_attribute_the_store_does_not_know_would_be_ignored(shop: WritersShop) -> None:
    refused(await shop.write.products.write(product(values={"nosuch": "1"})), "mapping", "nosuch", "sync the attribute")


async def test_a_value_outside_the_attribute_set_would_be_dropped(shop: WritersShop) -> None:
    await shop.finish()

    refused(
        await shop.write.products.write(product(attribute_set="Default", values={"finish": "Matte"})),
        "mapping",
        "Default",
        "finish",
        "by hand",
    )


async def test_an_unknown_category_would_be_dropped(shop: WritersShop) -> None:
    record = product(categories=(CategoryPlace(mark="erp-1"),))

    refused(await shop.write.products.write(record), "not_found", "erp-1")
    delivered(await shop.write.categories.write(ShopCategory(mark="erp-1", name="Brackets")))
    delivered(await shop.write.products.write(record))


async def test_a_list_of_categories_adds_but_never_removes(shop: WritersShop) -> None:
    for mark in ("erp-1", "erp-2"):
        delivered(await shop.write.categories.write(ShopCategory(mark=mark, name=mark)))
    delivered(await shop.write.products.write(product(categories=(CategoryPlace(mark="erp-1"),))))

    delivered(await shop.write.products.write(product(categories=(CategoryPlace(mark="erp-2"),))))

    assert list(shop.product("NEW-1").category_links) == [4]


async def test_an_unknown_website_is_permanent_and_not_try_again(shop: WritersShop) -> None:
    refused(await shop.write.products.write(product(websites=("nosuch",))), "mapping", "nosuch", "base")


async def test_an_unknown_tax_class_is_named(shop: WritersShop) -> None:
    refused(await shop.write.products.write(product(tax_class="Exempt")), "mapping", "Exempt")


async def test_a_required_attribute_of_the_merchants_is_told_with_a_hint(shop: WritersShop) -> None:
    delivered(await shop.write.products.write(product()))
    must = Attribute(code="must", label="Must", kind="varchar", sets=frozenset({9}), position=23, is_required=True)
    shop.add_attribute(must)

    refused(await shop.write.products.write(product(name="Other")), "validation", "Must", "mend")


async def test_a_product_of_another_type_is_not_saved_over(shop: WritersShop) -> None:
    refused(await shop.write.products.write(product("AC-VIRTUAL", attribute_set=None)), "conflict", "virtual")


async def test_a_second_product_of_a_name_gets_a_url_key_of_its_own(shop: WritersShop) -> None:
    delivered(await shop.write.products.write(product("NEW-1", name="Same")))
    delivered(await shop.write.products.write(product("NEW-2", name="Same")))


# Configurables


async def configurable(shop: WritersShop, *labels: str) -> ShopProduct:
    await shop.finish()
    for number, label in enumerate(labels):
        child = product(f"PART-{number}", visibility="not_visible_individually", values={"finish": label})
        delivered(await shop.write.products.write(child))
    children = tuple(f"PART-{number}" for number in range(len(labels)))
    return product("CONF", type="configurable", parts=ConfigurableParts(options=("finish",), children=children))


async def test_an_unknown_attribute_would_break_a_configurable_for_good(shop: WritersShop) -> None:
    record = await configurable(shop, "Matte")
    broken = replace(record, parts=ConfigurableParts(options=("nosuch",), children=("PART-0",)))

    refused(await shop.write.products.write(broken), "mapping", "nosuch")
    delivered(await shop.write.products.write(record))


async def test_parts_that_are_alike_or_lack_a_value_are_named_by_sku(shop: WritersShop) -> None:
    alike = await configurable(shop, "Matte", "Matte")
    refused(await shop.write.products.write(alike), "validation", "PART-0", "PART-1")

    delivered(await shop.write.products.write(product("PLAIN")))
    plain = replace(alike, parts=ConfigurableParts(options=("finish",), children=("PART-0", "PLAIN")))
    refused(await shop.write.products.write(plain), "validation", "PLAIN", "finish")


async def test_parts_that_are_not_there_yet_are_named(shop: WritersShop) -> None:
    record = await configurable(shop)
    missing = replace(record, parts=ConfigurableParts(options=("finish",), children=("PART-9",)))

    refused(await shop.write.products.write(missing), "not_found", "PART-9")


async def test_a_configurable_is_never_sent_a_price(shop: WritersShop) -> None:
    record = await configurable(shop, "Matte")
    shop.forget()

    delivered(await shop.write.products.write(replace(record, price=Decimal(99))))

    assert all("price" not in body["product"] for body in shop.bodies("/products"))


# Links, images, prices


async def test_a_list_of_links_replaces_all_kinds(shop: WritersShop) -> None:
    delivered(await shop.write.links.write(ProductLinks(sku="AC-1000", links={"related": ("AC-1001", "AC-1002")})))

    delivered(await shop.write.links.write(ProductLinks(sku="AC-1000", links={"up_sell": ("AC-1003",)})))

    links = {(link.link_type, link.linked_sku) for link in shop.product("AC-1000").links}
    assert links == {("related", "AC-1001"), ("related", "AC-1002"), ("upsell", "AC-1003")}


async def test_an_unknown_linked_product_does_not_keep_the_others_away(shop: WritersShop) -> None:
    record = ProductLinks(sku="AC-1000", links={"cross_sell": ("NONE", "AC-1001")})

    refused(await shop.write.links.write(record), "not_found", "NONE", "AC-1000")

    assert [link.linked_sku for link in shop.product("AC-1000").links] == ["AC-1001"]


async def test_an_image_sent_again_would_be_a_second_one_and_take_the_roles(shop: WritersShop) -> None:
    record = ProductImages(sku="AC-1000", images=(ShopImage(content=PNG, name="Front view.png", roles=ALL_ROLES),))
    delivered(await shop.write.images.write(record))
    shop.forget()

    delivered(await shop.write.images.write(record))

    assert shop.writes() == []
    (entry,) = shop.product("AC-1000").gallery
    assert entry.types == list(ALL_ROLES)


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"this is only text", "no PNG"), (PNG[:20], "cut short"), (b"\xff\xd8\xff\xe0 cut", "cut short")],
)
async def test_an_image_that_is_none_or_cut_short_would_be_taken(shop: WritersShop, content: bytes, word: str) -> None:
    record = ProductImages(sku="AC-1000", images=(ShopImage(content=content, name="front.png"),))

    refused(await shop.write.images.write(record), "validation", word, "front.png")
    assert shop.writes() == []


async def test_the_type_of_an_image_is_told_by_its_bytes_and_its_name_is_made_safe(shop: WritersShop) -> None:
    record = ProductImages(sku="AC-1000", images=(ShopImage(content=PNG, name="../Front: view.JPG"),))

    delivered(await shop.write.images.write(record))

    assert shop.product("AC-1000").gallery[0].mime_type == "image/png"


async def test_two_tier_prices_of_one_place_would_both_be_refused(shop: WritersShop) -> None:
    tier = TierPrice(quantity=Decimal(10), price=Decimal(9))
    twins = ShopTierPrices(sku="AC-1000", tiers=(tier, replace(tier, price=Decimal(8))))

    refused(await shop.write.tier_prices.write(twins), "validation", "two tier prices")
    refused(
        await shop.write.tier_prices.write(ShopTierPrices(sku="AC-1000", tiers=(replace(tier, group="Nosuch"),))),
        "mapping",
        "Nosuch",
    )
    refused(await shop.write.tier_prices.write(ShopTierPrices(sku="NONE", tiers=(tier,))), "not_found", "NONE")


# Attributes and sets


async def test_a_set_that_differs_in_letter_case_takes_the_name(shop: WritersShop) -> None:
    delivered(await shop.write.attribute_sets.write(ShopAttributeSet(name="Hardware")))

    refused(await shop.write.attribute_sets.write(ShopAttributeSet(name="HARDWARE")), "conflict", "Hardware")


async def test_an_option_that_differs_in_letter_case_is_not_made_twice(shop: WritersShop) -> None:
    await shop.finish()
    shop.forget()

    delivered(await shop.write.attributes.write(finish((ShopOption(label="MATTE"), ShopOption(label=" gloss")))))

    assert shop.writes() == []


async def test_an_attribute_that_is_there_is_never_put(shop: WritersShop) -> None:
    await shop.finish()

    delivered(await shop.write.attributes.write(replace(finish((ShopOption(label="Satin"),)), label="Surface")))
    refused(await shop.write.attributes.write(replace(finish(()), input="text")), "conflict", "select", "text")

    assert [entry.path for entry in shop.writes() if entry.method == "PUT"] == []
    options = shop.running.sandbox.shop.attributes.options("finish")
    assert sorted(option.label for option in options) == ["Gloss", "Matte", "Satin"]


# Categories


async def test_an_unknown_parent_is_told_apart_from_the_category(shop: WritersShop) -> None:
    verdict = await shop.write.categories.write(ShopCategory(mark="erp-2", name="Small", parent="erp-1"))

    refused(verdict, "not_found", "erp-1", "sync the category first")


async def test_categories_of_one_name_are_kept_apart_by_their_marks(shop: WritersShop) -> None:
    for mark in ("erp-1", "erp-2", "erp-12"):
        delivered(await shop.write.categories.write(ShopCategory(mark=mark, name="Brackets")))

    delivered(await shop.write.categories.write(ShopCategory(mark="erp-2", name="Plates")))

    names = {
        category.value("url_key", 0): category.value("name", 0) for category in shop.running.sandbox.shop.categories
    }
    assert names["brackets-erp-1"] == names["brackets-erp-12"] == "Brackets"
    assert names["brackets-erp-2"] == "Plates"


# Customers


async def test_both_names_of_a_new_customer_are_asked_for(shop: WritersShop) -> None:
    verdict = await shop.write.customers.write(ShopCustomer(email="x@example.com"))

    refused(verdict, "validation", "first name", "last name")


async def test_an_incomplete_address_would_be_dropped(shop: WritersShop) -> None:
    record = replace(RITA, addresses=(replace(HOME, telephone="", city=" "),))

    refused(await shop.write.customers.write(record), "validation", "city", "telephone")
    assert shop.writes() == []


@pytest.mark.parametrize("region", [None, "XX", "Bavaria"])
async def test_a_region_that_is_not_looked_up_would_be_lost(shop: WritersShop, region: str | None) -> None:
    refused(
        await shop.write.customers.write(replace(RITA, addresses=(replace(HOME, region=region),))),
        "validation",
        "US",
        "region",
    )

    delivered(await shop.write.customers.write(replace(RITA, addresses=(replace(HOME, region="new york"),))))
    (address,) = shop.running.sandbox.shop.people.customers[1].addresses
    assert (address.region_id, address.region) == (43, "New York")


async def test_a_change_of_country_would_keep_the_old_region(shop: WritersShop) -> None:
    delivered(await shop.write.customers.write(RITA))

    delivered(await shop.write.customers.write(replace(RITA, addresses=(replace(HOME, country="GB", region=None),))))

    (address,) = shop.running.sandbox.shop.people.customers[1].addresses
    assert (address.facts["country_id"], address.region_id, address.region) == ("GB", 0, "")


async def test_addresses_that_are_not_listed_would_be_deleted(shop: WritersShop) -> None:
    delivered(await shop.write.customers.write(RITA))
    work = replace(HOME, city="Otherton", is_default_billing=False, is_default_shipping=False)

    delivered(await shop.write.customers.write(replace(RITA, addresses=(work,))))

    customer = shop.running.sandbox.shop.people.customers[1]
    assert [address.facts["city"] for address in customer.addresses] == ["Sampleton", "Otherton"]
    assert (customer.default_billing, customer.default_shipping) == (1, 1)


async def test_the_store_says_yes_of_an_address_in_use_and_is_not_asked(shop: WritersShop) -> None:
    delivered(await shop.write.customers.write(RITA))
    delivered(await shop.write.customers.write(replace(RITA, email="RITA@example.com", last_name="Recorded")))

    assert [entry.path for entry in shop.requests() if "isEmailAvailable" in entry.path] == []
    assert len(shop.running.sandbox.shop.people.customers) == 1


async def test_a_customer_attribute_the_store_lacks_would_be_dropped(shop: WritersShop) -> None:
    refused(await shop.write.customers.write(replace(RITA, values={"erp_id": "C-1"})), "not_applied", "erp_id")


async def test_a_long_group_code_would_be_cut(shop: WritersShop) -> None:
    refused(await shop.write.customers.write(replace(RITA, group="G" * 33)), "validation", "32")


async def test_a_page_larger_than_the_store_allows_is_asked_for_again_in_smaller_ones(shop: WritersShop) -> None:
    configuration = shop.running.sandbox.shop.configuration
    configuration.input_limits, configuration.maximum_page_size = True, 2

    delivered(await shop.write.categories.write(ShopCategory(mark="erp-1", name="Brackets")))
    delivered(await shop.write.attribute_sets.write(ShopAttributeSet(name="Hardware")))


# Orders


async def test_a_comment_never_carries_a_status(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000"))
    record = ShopOrderStatus(order=order.increment_id, status="processing", comment="Confirmed")

    assert isinstance(await shop.write.order_statuses.write(record), Skipped)
    assert isinstance(await shop.write.order_statuses.write(record), Skipped)

    assert [body["statusHistory"].get("status") for body in shop.bodies("/comments")] == [None]
    assert (order.state, [entry.text for entry in order.history]) == ("new", ["Confirmed"])


async def test_a_status_of_no_state_would_be_stored_unchecked(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000"))

    refused(
        await shop.write.order_statuses.write(ShopOrderStatus(order=order.increment_id, status="nosuch")),
        "mapping",
        "nosuch",
    )
    own = ShopOrderStatus(order=order.increment_id, status="erp_confirmed", state="new")
    delivered(await shop.write.order_statuses.write(own))
    assert (order.state, order.status, order.email) == ("new", "erp_confirmed", "olga@example.com")


async def test_cancelling_an_order_half_shipped_would_complete_it(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000", quantity=Decimal(2)))
    delivered(await shop.write.shipments.write(shipment(order.increment_id, 1)))

    refused(
        await shop.write.order_statuses.write(ShopOrderStatus(order=order.increment_id, status="canceled")),
        "conflict",
        "partly shipped",
    )
    assert order.state == "processing"


async def test_holding_and_cancelling_have_calls_of_their_own(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000"))
    for status in ("holded", "pending", "holded", "canceled", "canceled"):
        delivered(await shop.write.order_statuses.write(ShopOrderStatus(order=order.increment_id, status=status)))
        assert order.status == status

    refused(
        await shop.write.order_statuses.write(ShopOrderStatus(order=order.increment_id, status="holded")),
        "conflict",
        "canceled",
    )


def shipment(order: str, quantity: int, *, key: str = "000123", sku: str = "AC-1000", **told: Any) -> ShopShipment:  # noqa: ANN401 - members of the record
    return ShopShipment(order=order, key=key, lines=(ShippedLine(sku=sku, quantity=Decimal(quantity)),), **told)


async def test_more_than_is_open_would_be_cut_down(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000", quantity=Decimal(2)))

    refused(await shop.write.shipments.write(shipment(order.increment_id, 3)), "conflict", "only 2 left")
    assert shop.writes() == []


async def test_an_unknown_line_beside_a_good_one_would_be_left_out(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000"))
    record = shipment(order.increment_id, 1)
    stray = replace(record, lines=(*record.lines, ShippedLine(sku="AC-1004", quantity=Decimal(1))))

    refused(await shop.write.shipments.write(stray), "not_found", "AC-1004")
    assert shop.writes() == []


async def test_a_partial_shipment_sent_again_would_ship_again(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000", quantity=Decimal(3)))
    track = Track(number="TRK-1", title="Parcel")

    for tracks in ((), (), (track,), (track,)):
        delivered(await shop.write.shipments.write(shipment(order.increment_id, 1, tracks=tracks)))
    delivered(await shop.write.shipments.write(shipment(order.increment_id, 2, key="000124")))

    shipments = shop.running.sandbox.shop.sales.shipments
    assert [[line[2] for line in each.lines] for each in shipments.values()] == [[1], [2]]
    assert [track.number for track in shipments[1].tracks] == ["TRK-1"]


async def test_an_unknown_source_is_a_wrong_mapping_and_not_something_temporary(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000"))

    refused(await shop.write.shipments.write(shipment(order.increment_id, 1, source="nosuch")), "mapping", "nosuch")
    delivered(await shop.write.shipments.write(shipment(order.increment_id, 1, source="default")))


async def test_a_parcel_without_a_number_is_refused_before(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000"))
    record = shipment(order.increment_id, 1, tracks=(Track(number=" ", title="Parcel"),))

    refused(await shop.write.shipments.write(record), "validation", "tracking number")


async def test_of_a_configurable_line_the_parent_is_shipped(shop: WritersShop) -> None:
    record = await configurable(shop, "Matte")
    delivered(await shop.write.products.write(record))
    order = shop.order(OrderLine(sku="PART-0", parent="CONF", quantity=Decimal(2)))

    delivered(await shop.write.shipments.write(shipment(order.increment_id, 2, sku="PART-0")))

    assert [item.shipped for item in order.items] == [2, 0]


async def test_an_invoice_sent_again_would_invoice_again(shop: WritersShop) -> None:
    order = shop.order(OrderLine(sku="AC-1000", quantity=Decimal(2)))
    half = ShopInvoice(order=order.increment_id, key="AR-1", lines=(ShippedLine(sku="AC-1000", quantity=Decimal(1)),))

    delivered(await shop.write.invoices.write(half))
    delivered(await shop.write.invoices.write(half))
    refused(
        await shop.write.invoices.write(
            replace(half, key="AR-2", lines=(ShippedLine(sku="AC-1000", quantity=Decimal(2)),))
        ),
        "conflict",
        "only 1 left",
    )
    delivered(await shop.write.invoices.write(ShopInvoice(order=order.increment_id, key="AR-3")))
    refused(await shop.write.invoices.write(ShopInvoice(order=order.increment_id, key="AR-4")), "conflict", "by hand")

    assert len(shop.running.sandbox.shop.sales.invoices) == 2
    assert order.paid == order.grand_total


async def test_an_order_the_store_does_not_have_is_named(shop: WritersShop) -> None:
    refused(await shop.write.shipments.write(shipment("000000099", 1)), "not_found", "000000099")
    refused(await shop.write.invoices.write(ShopInvoice(order=" ", key="AR-1")), "validation", "number")
