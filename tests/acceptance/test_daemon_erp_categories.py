"""Categories from the ERP to the shop, from outside."""

from typing import Final

import pytest

from tests.acceptance.erp_site import joined
from tests.acceptance.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

CATEGORY: Final = "to_magento.category"


async def test_a_tree_made_in_the_erp_stands_in_the_shop(own_site: Site) -> None:
    async with joined(own_site) as (connector, erp):
        await connector.pause(CATEGORY)
        for number, name, parent in ((70, "Tools", None), (71, "Saws", 70)):
            await erp.control(
                "POST",
                "records/ItemSalesCategory",
                {"CategoryID": number, "Description": name, "ParentCategoryID": parent, "SortOrder": number},
            )
        await connector.wait_until_waiting(CATEGORY, 2)
        await connector.run_to_its_end(CATEGORY)

        shop = {each["name"]: each for each in await own_site.store.listed("categories/list")}
        requests = [each for each in await own_site.store.requests("categories") if each.method != "GET"]

        assert shop["Saws"]["parent_id"] == shop["Tools"]["id"]
        assert shop["Tools"]["parent_id"] not in {each["id"] for each in shop.values() if each["level"] > 1}
        assert [(each.method, each.status, each.schema_valid) for each in requests] == [("POST", 200, True)] * 2
