"""Every list that settings refer to is read from the simulated Acumatica, over the contract API or OData."""

import pytest

from daemon.acumatica.authentication import SignIn
from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.odata import ODataAccess
from daemon.acumatica.records.reference import read_reference
from daemon.secret import Secret
from daemon.settings.document.references import KINDS, ReferenceKind
from daemon.sync.records.list_entry import ErpListEntry
from tests.acumatica_client import cookies, oauth, pair
from tests.acumatica_site import SMALL

ACCESS = ODataAccess(username=SMALL.username, password=Secret(SMALL.password), tenant="Shop")


async def codes(client: AcumaticaClient, kind: ReferenceKind, access: ODataAccess = ACCESS) -> list[str]:
    found = await read_reference(client, access, kind)
    assert not isinstance(found, NotDone), found
    return [each.code for each in found]


@pytest.mark.parametrize("sign_in", [cookies, oauth], ids=["cookies", "oauth"])
async def test_every_list_comes_sorted(sign_in: type[SignIn]) -> None:
    async with pair(sign_in=sign_in()) as both:
        account = {"AccountCD": "40000", "Description": "Sales", "Type": "Income", "Active": True}
        await both.site.control("POST", "records/Account", account)
        await both.site.control("POST", "records/Account", {**account, "AccountCD": "10200", "Type": "Asset"})
        found = {kind: await codes(both.client, kind) for kind in KINDS}

    assert found == {
        "branches": ["MAIN", "WEST"],
        "cash_accounts": ["10250"],
        "customer_classes": ["TRADE", "WEB"],
        "customer_price_classes": ["WHOLESALE"],
        "customer_terms": ["30D", "COD"],
        "item_classes": ["FURNITURE", "HARDWARE", "SERVICES"],
        "order_types": ["RC", "SO", "WO"],
        "payment_methods": ["CARD"],
        "sales_accounts": ["40000"],
        "ship_vias": ["AIR", "DROPSHIP", "GROUND"],
        "statement_cycles": ["MONTHLY"],
        "tax_categories": ["EXEMPT", "TAXABLE"],
        "warehouses": ["MAIN", "WEST"],
    }


async def test_the_tenant_that_signing_in_landed_on_does_where_none_is_configured() -> None:
    access = ODataAccess(username=SMALL.username, password=Secret(SMALL.password), tenant=None)

    async with pair() as both:
        assert await codes(both.client, "order_types", access) == ["RC", "SO", "WO"]


async def test_where_odata_is_refused_customer_classes_tell_terms_and_the_session_goes_on() -> None:
    access = ODataAccess(username=SMALL.username, password=Secret("wrong"), tenant="Shop")

    async with pair() as both:
        terms = await read_reference(both.client, access, "customer_terms")
        types = await read_reference(both.client, access, "order_types")
        logins = [
            each for each in (await both.site.control("GET", "requests"))["items"] if each["path"].endswith("/login")
        ]

    assert terms == [ErpListEntry(code="30D", description="named by customer classes")]
    assert isinstance(types, NotDone)
    assert len(logins) == 1
