"""A site whose daemon has an ERP of its own that pushes to it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.acceptance.site import TOKEN, Connector, Site
from tests.acumatica_site import SMALL, BareClient
from tests.acumatica_site import site as acumatica

ON: Final[Mapping[str, Any]] = {
    "syncs": {name: {"enabled": True, "individual": True} for name in ("inventory_price", "product", "category")},
    # The simulated ERP has none of the boxes a customization adds.
    "products": {"when_box_is_missing": "pass"},
}
"""Every sync of this release switched on."""


def erp_access(erp: BareClient) -> dict[str, str]:
    """Give what a daemon needs to know of the simulated ERP."""
    return {
        "ACUMATICA_URL": erp.running.url,
        "ACUMATICA_USERNAME": SMALL.username,
        "ACUMATICA_PASSWORD": SMALL.password,
        "ACUMATICA_TENANT": "Shop",
        # The licence's limit is no part of these tests.
        "ACUMATICA_REQUESTS_PER_MINUTE": "6000",
    }


@asynccontextmanager
async def joined(site: Site, settings: Mapping[str, Any] = ON) -> AsyncIterator[tuple[Connector, BareClient]]:
    """Join a site's daemon with an ERP of its own that pushes to it; *settings* are put in force before."""
    async with acumatica(sign_in=False) as erp, site.connector(**erp_access(erp)) as connector:
        answer = await connector.api.call("PATCH", "settings", document=settings)
        assert answer.status == 200, answer.document
        push = {
            "url": f"{connector.api.address}/webhooks/acumatica",
            "header_name": "Authorization",
            "header_value": f"Bearer {TOKEN}",
        }
        await erp.control("PUT", "push", push)
        yield connector, erp


async def outcomes(connector: Connector, kind: str) -> dict[str, tuple[str, str]]:
    """Tell by key what last became of the records of a queue, and why: the sync log."""
    requests = await connector.api.items("sync-log", queue=connector.site.queue(kind))
    return {
        each["key"]: (each["state"], each.get("reason") or "")
        for request in reversed(requests)
        for each in request["outcomes"]
    }
