import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.settings.document.advice import advise_document
from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from queues.errors import InvalidSettings
from queues.settings import QueueProcessingSettings
from tests.erp_records import settings_with

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
GROUPS = tuple(ConnectorSettings().to_document())


def faults_of(document: object) -> dict[str, tuple[str, object]]:
    with pytest.raises(InvalidSettings) as caught:
        SettingsDocument.from_document(document)
    return {fault.field: (fault.expected, fault.value) for fault in caught.value.faults}


def test_the_defaults_are_those_that_operators_find_in_the_guide() -> None:
    held = SettingsDocument.from_document({}).default

    assert held.price.source == "default_price"
    assert (held.inventory.mode, held.inventory.quantity) == ("configured", "available")
    assert held.inventory.vendor_quantity == "none"
    assert held.products.configurable_source == "none"
    assert held.shipment.trigger == "shipment_confirmation"
    assert not held.customers.attributes_to_shop
    assert held.customers.numbering.length == 9
    assert (held.orders.type, held.orders.number_of_retries, held.orders.retry_failed) == ("SO", 3, True)
    assert held.orders.statuses == ("pending", "pending_payment", "pending_paypal", "processing")
    assert held.failed_orders.number_of_days == 1
    assert (held.logging.lifetime_days, held.logging.cleaning_frequency) == (15, "daily")
    assert "sales_price_update" not in held.logging.actions
    assert held.time.max_skew_seconds == 5
    assert all(not held.syncs.named(name).enabled for name in ("product", "inventory_price", "order"))
    assert held.syncs.product.direction == "both"
    assert held.syncs.order.direction == "to_acumatica"
    assert held.schema.active("product") == {"InventoryID", "Description", "ItemClass", "TaxCategory"}
    assert held.schema.active("category") == {"Description", "ParentCategoryID", "CategoryID"}
    assert held.schema.active("customer") == {"CustomerID", "CustomerName", "CustomerClass"}
    assert {row.api_path for row in held.schema.customer} == {"/root/"}


def test_a_document_written_out_reads_back_the_same() -> None:
    document = SettingsDocument.from_document(
        {
            "inventory": {"warehouses": ["MAIN"]},
            "rules": [
                {"name": "no samples", "entity": "product", "conditions": [{"field": "X", "operator": "is_told"}]}
            ],
            "scopes": [
                {
                    "code": "base",
                    "kind": "website",
                    "branch": "PRODWHOLE",
                    "overrides": {"inventory": {"warehouses": ["EAST"]}},
                }
            ],
        }
    )

    assert SettingsDocument.from_document(document.to_document()) == document


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from([*GROUPS, "scopes", "else"]), JSON, max_size=4))
def test_any_json_is_either_read_or_refused_with_its_faults_named(document: dict[str, object]) -> None:
    read: SettingsDocument | list[str]
    try:
        read = SettingsDocument.from_document(document)
    except InvalidSettings as error:
        read = [fault.field for fault in error.faults]

    if isinstance(read, SettingsDocument):
        assert SettingsDocument.from_document(read.to_document()) == read
    else:
        assert read
        assert all(read)


def test_all_faults_are_told_at_once_with_field_range_and_value() -> None:
    faults = faults_of(
        {
            "price": {"source": "sales_price"},
            "orders": {"number_of_retries": 0},
            "inventory": {"warehouses": ["MAIN", "MAIN"], "mode": "everywhere"},
            "prize": {},
        }
    )

    assert faults["orders.number_of_retries"] == ("an integer from 1 to 1000000", 0)
    assert faults["inventory.warehouses[1]"] == ("a text that is not in the list yet", "MAIN")
    assert faults["inventory.mode"] == ("one of configured, branch_wise", "everywhere")
    assert faults["price.source"] == ("default_price unless capabilities.commerce_pro is true", "sales_price")
    assert faults["prize"][0].startswith("one of the known settings")
    assert len(faults) == 5


@pytest.mark.parametrize(
    ("group", "name", "value", "capability"),
    [
        ("price", "source", "sales_price", "commerce_pro"),
        ("inventory", "mode", "branch_wise", "commerce_pro"),
        ("inventory", "vendor_quantity", "sum", "commerce_pro"),
        ("products", "configurable_source", "product_configurator", "product_configurator"),
        ("customers", "attributes_to_shop", True, "magento_commerce"),
    ],
)
def test_what_an_add_on_brings_is_refused_without_it(group: str, name: str, value: object, capability: str) -> None:
    assert f"{group}.{name}" in faults_of({group: {name: value}})

    SettingsDocument.from_document({group: {name: value}, "capabilities": {capability: True}})


@pytest.mark.parametrize("name", ["tax_category", "product_attribute", "inventory_price", "product_image"])
def test_what_goes_one_way_only_cannot_be_turned_round(name: str) -> None:
    assert f"syncs.{name}.direction" in faults_of({"syncs": {name: {"direction": "both"}}})


@pytest.mark.parametrize("service", ["a/b/c", "..", "Files/..", "Files/", "Files?x=1", "Fi%2Fles"])
def test_a_web_service_is_the_name_of_an_endpoint(service: str) -> None:
    assert "syncs.product_image.webservice_name" in faults_of(
        {"syncs": {"product_image": {"webservice_name": service}}}
    )


@pytest.mark.parametrize(
    ("second", "column"),
    [
        ({"group": "Trade", "customer_class": "B"}, "group"),
        ({"group": "Other", "customer_class": "A"}, "customer_class"),
        ({"group": "Other", "customer_class": "B", "price_class": "P"}, "price_class"),
    ],
)
def test_a_group_a_class_and_a_price_class_occur_in_one_mapping_only(second: dict[str, str], column: str) -> None:
    first = {"group": "Trade", "customer_class": "A", "price_class": "P"}

    assert f"mappings.customer_groups[1].{column}" in faults_of({"mappings": {"customer_groups": [first, second]}})


def test_the_most_specific_scope_wins() -> None:
    document = SettingsDocument.from_document(
        {
            "inventory": {"warehouses": ["MAIN"]},
            "scopes": [
                {
                    "code": "base",
                    "kind": "website",
                    "branch": "EAST",
                    "overrides": {"inventory": {"warehouses": ["EAST"]}},
                },
                {"code": "en", "kind": "store_view", "website": "base"},
                {
                    "code": "b2b",
                    "kind": "website",
                    "overrides": {"syncs": {"inventory_price": {"enabled": True, "what": "inventory"}}},
                },
            ],
        }
    )

    assert document.of(None).inventory.warehouses == ("MAIN",)
    assert document.of("base").inventory.warehouses == ("EAST",)
    assert document.of("en").inventory.warehouses == ("EAST",)
    assert document.of("b2b").inventory.warehouses == ("MAIN",)
    assert document.of("b2b").syncs.inventory_price.enabled
    assert not document.of("en").syncs.inventory_price.enabled


def test_what_only_the_instance_can_say_is_refused_in_a_scope() -> None:
    scope = {"code": "base", "kind": "website", "overrides": {"price": {"source": "default_price"}, "rules": []}}

    faults = faults_of({"scopes": [scope]})

    assert faults["scopes[0].overrides.price.source"][0] == "told for the whole instance only"
    assert "scopes[0].overrides.rules" in faults


def test_a_fault_that_a_scope_brings_is_told_at_the_scope() -> None:
    scope = {"code": "base", "kind": "website", "overrides": {"inventory": {"warehouses": ["", "E"]}}}

    assert "scopes[0].overrides.inventory.warehouses[0]" in faults_of({"scopes": [scope]})


PRO = {"capabilities": {"commerce_pro": True}}
VIEW = {"code": "eu_en", "kind": "store_view", "website": "eu"}


def website(**overrides: object) -> dict[str, object]:
    return {"code": "eu", "kind": "website", "overrides": overrides}


@pytest.mark.parametrize(
    ("document", "path", "reason"),
    [
        ({"scopes": [website(orders={"type": "WO"})]}, "orders.type", "nothing goes from the shop to the ERP"),
        ({"scopes": [website(syncs={"product": {"enabled": True}})]}, "syncs.product.enabled", "same on every website"),
        (
            {"scopes": [website(syncs={"inventory_price": {"auto_cron": True}})]},
            "syncs.inventory_price.auto_cron",
            "one run reads the ERP for all websites",
        ),
        ({"scopes": [website(mappings={"carriers": []})]}, "mappings.carriers", "which website it is of"),
        (
            {"price": {"sales_price_sync": True}, "scopes": [website(price={"sales_price_sync": False}), VIEW]},
            "price.sales_price_sync",
            "special prices that are told for all",
        ),
        ({"scopes": [website(price={"currency": "EUR"}), VIEW]}, "price.currency", "in one currency only"),
        ({"scopes": [website(price={"sales_price_sync": True})]}, "price", "beside a store view of this website"),
        (
            {"scopes": [website(syncs={"inventory_price": {"enabled": True}})]},
            "syncs",
            "beside a store view of this website",
        ),
        (
            {**PRO, "inventory": {"mode": "branch_wise"}, "scopes": [website(inventory={"warehouses": ["E"]})]},
            "inventory.warehouses",
            "while inventory.mode is branch_wise",
        ),
        (
            {
                **PRO,
                "inventory": {"mode": "branch_wise"},
                "scopes": [website(mappings={"warehouses": [{"source": "eu", "warehouse": "E"}]})],
            },
            "mappings.warehouses",
            "without a branch",
        ),
    ],
)
def test_what_nothing_could_obey_in_a_website_is_refused_with_the_reason(
    document: dict[str, object], path: str, reason: str
) -> None:
    assert reason in faults_of(document)[f"scopes[0].overrides.{path}"][0]


def test_prices_and_stock_are_told_for_a_website_not_for_a_store_view() -> None:
    view = {**VIEW, "overrides": {"price": {"sales_price_sync": True}, "inventory": {"warehouses": ["E"]}}}

    faults = faults_of({"scopes": [website(), view]})

    assert set(faults) == {
        "scopes[1].overrides.price.sales_price_sync",
        "scopes[1].overrides.inventory.warehouses",
    }
    assert all("by website" in expected for expected, _ in faults.values())


def test_a_stored_document_leaves_out_what_an_earlier_release_took_in_a_scope() -> None:
    kept = website(price={"sales_price_sync": True}, inventory={"warehouses": ["E"]})
    stored = website(price={"sales_price_sync": True}, inventory={"warehouses": ["E"]}, orders={"type": "WO"})
    view = {**VIEW, "overrides": {"syncs": {"product": {"enabled": True}, "order": {"enabled": True}}}}

    read, left_out = SettingsDocument.from_stored({"scopes": [stored, view]})

    assert read == SettingsDocument.from_document({"scopes": [kept, VIEW]})
    assert sorted(left_out) == [
        "scopes[0].overrides.orders.type",
        "scopes[1].overrides.syncs.order.enabled",
        "scopes[1].overrides.syncs.product.enabled",
    ]
    with pytest.raises(InvalidSettings):
        SettingsDocument.from_stored({"scopes": [stored], "orders": {"type": "NO SUCH"}})


def test_a_store_view_must_belong_to_a_website() -> None:
    assert "scopes[0].website" in faults_of({"scopes": [{"code": "en", "kind": "store_view", "website": "nowhere"}]})


@pytest.mark.parametrize(
    "url",
    ["https://elsewhere.example/x", "/rest/V1/products/{sku}", "V1/../admin/{sku}", "V1/products", "V1/products/{sku"],
)
def test_an_endpoint_stays_a_relative_url_that_fills_in_what_the_sender_gives(url: str) -> None:
    table = SettingsDocument.from_document({}).to_document()["endpoints"]["magento"]
    place = next(place for place, row in enumerate(table) if row["action"] == "product")
    table[place]["url"] = url

    assert f"endpoints.magento[{place}].url" in faults_of({"endpoints": {"magento": table}})


def test_an_endpoint_may_be_moved_and_one_added_and_one_left_out_is_as_it_was_shipped() -> None:
    table = SettingsDocument.from_document({}).to_document()["endpoints"]["magento"]
    moved = [{**row, "url": f"V1/custom/{row['url']}"} for row in table]
    own = {"action": "loyalty", "label": "Loyalty points", "method": "POST", "url": "V1/loyalty/{id}"}

    held = SettingsDocument.from_document({"endpoints": {"magento": [*moved, own]}}).default

    found = held.endpoints.find("magento", "product")
    assert found is not None
    assert found.url == "V1/custom/V1/products/{sku}"
    assert held.endpoints.find("magento", "loyalty") is not None
    assert SettingsDocument.from_document({"endpoints": {"magento": []}}) == SettingsDocument.from_document({})


def test_a_batch_above_the_shops_limit_is_advised_against() -> None:
    told = list(
        advise_document(settings_with(), QueueProcessingSettings(batch_count=25), {"pricing": 20, "inventory": 25})
    )

    assert any("Batch Count 25 is above the shop's input limit 20 of pricing" in each for each in told)
    assert not any("of inventory" in each for each in told)


def test_empty_filters_are_advised_against() -> None:
    held = settings_with(customers={"classes_to_shop": []}, orders={"types_to_shop": []})

    told = " ".join(advise_document(held, QueueProcessingSettings()))

    assert "no customer goes to the shop" in told
    assert "no order status and no shipment goes to the shop" in told
