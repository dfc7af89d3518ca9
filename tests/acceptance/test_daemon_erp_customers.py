"""Customers from the ERP to the shop, from outside."""

from typing import Any, Final

import pytest

from tests.acceptance.erp_site import joined, outcomes
from tests.acceptance.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOMER: Final = "to_magento.customer"
_FIELDS: Final = ("CustomerID", "CustomerName", "CustomerClass", "TaxRegistrationID", "MainContact.Address")
ON: Final[dict[str, Any]] = {
    "syncs": {"customer": {"enabled": True, "individual": True}},
    "customers": {"classes_to_shop": ["TRADE"]},
    "mappings": {"customer_groups": [{"group": "Trade", "customer_class": "TRADE"}]},
    "schema": {
        "customer": [{"tab": "General Info", "schema": name, "name": name, "active": True} for name in _FIELDS],
    },
}


def customer(number: str, email: str | None, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - plain values
    contact = {
        "FirstName": "Ada",
        "LastName": f"Byrd {number}",
        "Email": email,
        "Phone1": "512 555 0100",
        "CompanyName": "Byrd & Co",
        "Address": {
            "AddressLine1": "1 Wharf Rd",
            "City": "Austin",
            "State": "TX",
            "PostalCode": "78701",
            "Country": "US",
        },
    }
    own = {"CustomerID": number, "CustomerName": "Byrd & Co", "CustomerClass": "TRADE", "Status": "Active"}
    return {**own, "TaxRegistrationID": f"T-{number}", "MainContact": contact, **values}


async def test_a_customer_made_in_the_erp_is_one_of_the_shop(own_site: Site) -> None:
    async with joined(own_site, ON) as (connector, erp):
        await connector.pause(CUSTOMER)
        given = [
            customer("C100", "ada@example.com"),
            customer("C101", None),
            customer("C102", "b@example.com", CustomerClass="WEB"),
        ]
        await erp.control("POST", "records/Customer", given)
        await connector.wait_until_waiting(CUSTOMER, 3)
        await connector.run_to_its_end(CUSTOMER)
        first = await outcomes(connector, CUSTOMER)

        # The contact is mended: of the customer itself nothing changes.
        await connector.pause(CUSTOMER)
        await erp.control("POST", "records/Customer", customer("C101", "grace@example.com"))
        await connector.wait_until_waiting(CUSTOMER, 1)
        await connector.run_to_its_end(CUSTOMER)

        await connector.pause(CUSTOMER)
        await connector.api.call("PATCH", "settings", document={"entities": {"customer": {"active": False}}})
        await erp.control("POST", "records/Customer", customer("C100", "ada@example.com", CustomerName="Byrd"))
        await connector.wait_until_waiting(CUSTOMER, 1)
        await connector.run_to_its_end(CUSTOMER)
        inactive = await outcomes(connector, CUSTOMER)

        shop = {each["email"]: each for each in await own_site.store.listed("customers/search")}
        groups = {each["id"]: each["code"] for each in await own_site.store.listed("customerGroups/search")}
        requests = [each for each in await own_site.store.requests("customer") if each.method != "GET"]

    assert {key: reason.partition(":")[0] for key, (_, reason) in first.items()} == {
        "C100": "",
        "C101": "email_missing",
        "C102": "customer_class",
    }
    assert inactive["C100"] == ("skipped", "entity_inactive: entities.customer.active is false")
    assert sorted(shop) == ["ada@example.com", "grace@example.com"]
    ada = shop["ada@example.com"]
    assert (ada["firstname"], ada["lastname"], ada["taxvat"]) == ("Ada", "Byrd C100", "T-C100")
    assert {groups[each["group_id"]] for each in shop.values()} == {"Trade"}
    (address,) = ada["addresses"]
    assert (address["street"], address["city"], address["postcode"]) == (["1 Wharf Rd"], "Austin", "78701")
    assert (address["region"]["region_code"], address["country_id"]) == ("TX", "US")
    assert (address["telephone"], address["company"]) == ("512 555 0100", "Byrd & Co")
    assert (address["default_billing"], address["default_shipping"]) == (True, True)
    assert [(each.method, each.status, each.schema_valid) for each in requests] == [("POST", 200, True)] * 3
