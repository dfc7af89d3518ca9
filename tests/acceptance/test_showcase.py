"""
A whole catalogue: brought over, changed by pushes of which some get lost, and equal again after the catch-up.

With CONNECTOR_SHOWCASE_PRODUCTS=10000 the same on the scale of docs/showcase.md, whose figures are what this prints.
"""

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings
from daemon.sandbox.settings import SandboxSettings
from queues.plan import plan_delivery
from queues.settings import QueueProcessingSettings
from tests.acceptance.erp_site import erp_access
from tests.acceptance.site import INVENTORY, PRICING, PRODUCT_STATUS, TOKEN, Connector, new_site
from tests.acceptance.store import PRICES, STOCK, StoreControl, running_store
from tests.acumatica_site import BareClient
from tests.acumatica_site import site as acumatica

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRODUCTS: Final = int(os.environ.get("CONNECTOR_SHOWCASE_PRODUCTS", "60"))
CHANGED: Final = max(PRODUCTS // 100, 12)
"""One in a hundred; of a small catalogue enough that something gets lost."""
UNRELIABLE: Final = {"lose": 0.05, "duplicate": 0.05, "reorder": 0.05} if PRODUCTS >= 2_000 else {
    "lose": 0.25, "duplicate": 0.25, "reorder": 0.25
}  # fmt: skip
PATIENCE_SECONDS: Final = 120 + PRODUCTS
PRODUCT: Final = "to_magento.product"
SETTINGS: Final = QueueProcessingSettings(check_process_time=1, process_sleep_time=1)

SYNCS: Final[Mapping[str, Any]] = {
    "syncs": {
        name: {"enabled": True, "individual": True}
        for name in ("tax_category", "product_attribute", "category", "product", "inventory_price")
    },
    # The simulated ERP has none of the boxes a customization adds.
    "products": {"when_box_is_missing": "pass"},
}


@dataclass
class Showcase:
    """A connector between a full ERP and an empty shop, and the figures of what it did."""

    connector: Connector
    erp: BareClient
    store: StoreControl
    figures: list[str] = field(default_factory=list)

    async def until(self, path: str, claim: Callable[[Any], bool], **parameters: str | int) -> Any:  # noqa: ANN401 - JSON
        """Wait as `Api.until` does, as long as a catalogue of this size may take."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not claim(document := await self.connector.api.get(path, **parameters)):  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.2)
        return document

    async def sync(self, name: str, *, kind: str) -> int:
        """Have a sync run; give how many records it noted when all of them were looked at."""
        run = await self.connector.api.post(f"syncs/{name}/run", {"kind": kind})
        ended = await self.until(f"sync-runs/{run['id']}", lambda run: run["ended_at"])
        assert ended["state"] == "success", ended
        await self.looked_at()
        return int(ended["noted"])

    async def looked_at(self) -> None:
        """Wait until no record waits to be looked at."""
        await self.until("syncs", lambda page: not any(each["records_waiting"] for each in page["items"]))

    async def deliver(self, *kinds: str) -> None:
        """Have queues run until nothing waits in them."""
        for kind in kinds:
            path = f"queues/{kind}"
            while (queue := await self.connector.api.get(path))["waiting"] or queue["worker"]:
                known = queue["last_run"]["id"] if queue["last_run"] else None
                if queue["paused"]:
                    await self.connector.api.post(f"{path}/resume")
                if not queue["worker"]:
                    await self.connector.run(kind)
                await self.until(path, _has_ended_another(known))

    async def requests(self) -> tuple[int, int]:
        """Count the requests that the ERP and the shop have seen."""
        erp = await self.erp.control("GET", "requests?limit=0")
        return int(erp["total"]), await self.store.mark()

    @contextmanager
    def _timed(self) -> Iterator[Callable[[], float]]:
        began = time.monotonic()
        yield lambda: time.monotonic() - began

    @asynccontextmanager
    async def measured(self, what: str) -> AsyncIterator[None]:
        """Note seconds and requests of the block."""
        before = await self.requests()
        with self._timed() as seconds:
            yield
        after = await self.requests()
        self.figures.append(
            f"{what} | {seconds():.0f} s | {after[0] - before[0]:,} | {after[1] - before[1]:,} | {self.memory()} MiB"
        )

    def memory(self) -> int:
        """Tell what the daemon holds now, in MiB."""
        pages = int(Path(f"/proc/{self.connector.daemon.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() // 2**20

    # --- what both sides hold -----------------------------------------------------------------------------------------

    async def _records(self, entity: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = await self.erp.control("GET", f"records/{entity}?offset={len(found)}&limit=200")
            found += page["items"]
            if len(found) >= page["total"]:
                return found

    async def wanted(self) -> dict[str, dict[str, Any]]:
        """Tell what the shop is to hold, by SKU, from what the ERP holds."""
        quantities: dict[str, Decimal] = {}
        for row in await self._records("StorageDetail"):
            quantities[row["InventoryID"]] = quantities.get(row["InventoryID"], Decimal(0)) + Decimal(
                row["QtyAvailable"]
            )
        return {
            item["InventoryID"]: {
                "name": item["Description"],
                "status": 1 if item["ItemStatus"] == "Active" else 2,
                "visibility": 4,
                "price": Decimal(item["DefaultPrice"]),
                "quantity": quantities[item["InventoryID"]],
            }
            for item in await self._records("StockItem")
        }

    async def held(self) -> dict[str, dict[str, Any]]:
        """Tell what the shop holds."""
        quantities = {
            row["sku"]: Decimal(str(row["quantity"]))
            for row in await self._listed("inventory/source-items")
            if row["source_code"] == "default"
        }
        return {
            row["sku"]: {
                "name": row["name"],
                "status": row["status"],
                "visibility": row["visibility"],
                "price": Decimal(str(row["price"])),
                "quantity": quantities.get(row["sku"]),
            }
            for row in await self._listed("products")
        }

    async def _listed(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for number in range(1, PRODUCTS // 500 + 3):
            page = await self.store.rest(
                path,
                **{
                    "searchCriteria[pageSize]": "500",
                    "searchCriteria[currentPage]": str(number),
                },
            )
            found += page["items"]
            if len(found) >= page["total_count"]:
                break
        return found

    async def differences(self) -> list[tuple[str, str, Any, Any]]:
        """List SKU, field, what the ERP says and what the shop holds, wherever they differ."""
        wanted, held = await self.wanted(), await self.held()
        return [
            (sku, name, value, held.get(sku, {}).get(name))
            for sku, fields in wanted.items()
            for name, value in fields.items()
            if held.get(sku, {}).get(name) != value
        ]

    async def plans(self, kind: str) -> list[tuple[int, int]]:
        """Give for each check of a queue that found something: requests made, and those the rules say."""
        checks = [check for run in await self.connector.runs(kind) for check in run["checks"] if check["waiting"]]
        return [
            (
                check["requests"],
                len(plan_delivery(SETTINGS, waiting=check["waiting"], batchable=True).sizes),
            )
            for check in checks
        ]


def _has_ended_another(known: str | None) -> Callable[[Any], bool]:
    def claim(queue: Any) -> bool:  # noqa: ANN401 - JSON
        last = queue["last_run"]
        return bool(last and last["id"] != known and last["ended_at"])

    return claim


@asynccontextmanager
async def showcase(broker_url: str, database_url: str, template_database: str) -> AsyncIterator[Showcase]:
    """Join a full ERP and an empty shop."""
    shop = SandboxSettings(default_products=0, journal_entries=1_000_000, journal_bodies=100)
    erp_settings = AcumaticaSandboxSettings(default_items=PRODUCTS, journal_entries=1_000_000, journal_bodies=100)
    async with (
        running_store(shop) as store,
        acumatica(erp_settings, sign_in=False) as erp,
        new_site(
            broker_url=broker_url,
            database_url=database_url,
            template_database=template_database,
            settings=SETTINGS,
            store=store,
        ) as site,
        site.connector(**erp_access(erp) | {"ACUMATICA_REQUESTS_PER_MINUTE": "60000"}) as connector,
    ):
        answer = await connector.api.call("PATCH", "settings", document=SYNCS)
        assert answer.status == 200, answer.document
        yield Showcase(connector=connector, erp=erp, store=store)


async def change_some(show: Showcase) -> None:
    """Change prices, stock, names and status of one item in a hundred, each with its pushes."""
    push = {
        "url": f"{show.connector.api.address}/webhooks/acumatica",
        "header_name": "Authorization",
        "header_value": f"Bearer {TOKEN}",
        "seed": 7,
        **UNRELIABLE,
    }
    await show.erp.control("PUT", "push", push)
    step = PRODUCTS // CHANGED
    for place in range(CHANGED):
        number = 1_000 + place * step
        values: dict[str, Any] = {
            0: {"DefaultPrice": f"{number}.25"},
            1: {"Description": f"Renamed {number}"},
            2: {"ItemStatus": "Inactive"},
        }.get(place % 4, {})
        if values:
            await show.erp.control("POST", "records/StockItem", {"InventoryID": f"AC-{number}", **values})
        else:
            stock = {"InventoryID": f"AC-{number}", "WarehouseID": "MAIN", "QtyAvailable": number}
            await show.erp.control("POST", "records/StorageDetail", stock)
    await show.erp.control("GET", "push/drained?timeout=60")


async def test_after_a_full_sync_lost_pushes_and_the_catch_up_the_shop_is_equal_to_the_erp(
    broker_url: str, database_url: str, template_database: str
) -> None:
    async with showcase(broker_url, database_url, template_database) as show:
        async with show.measured("first full sync: classes, attributes, categories"):
            for name, kinds in (
                ("tax_category", ("to_magento.tax_category",)),
                ("product_attribute", ("to_magento.attribute", "to_magento.attribute_set")),
                ("category", ("to_magento.category",)),
            ):
                await show.sync(name, kind="complete")
                await show.deliver(*kinds)
        async with show.measured(f"first full sync: {PRODUCTS:,} products, their status and links"):
            await show.sync("product", kind="complete")
            await show.deliver(PRODUCT, PRODUCT_STATUS, "to_magento.product_dependencies")
        for kind in (PRICING, INVENTORY):
            await show.connector.pause(kind)
        async with show.measured(f"first full sync: {PRODUCTS:,} prices and quantities"):
            await show.sync("inventory_price", kind="complete")
            await show.deliver(PRICING, INVENTORY)
        bulk = [len(await show.store.requests(path, method="POST")) for path in (PRICES, STOCK)]
        planned = [sum(each for _, each in await show.plans(kind)) for kind in (PRICING, INVENTORY)]
        first = await show.differences()

        async with show.measured(f"{CHANGED:,} items changed, pushes lost, twice, out of order"):
            await change_some(show)
            await show.looked_at()
            await show.deliver(PRODUCT, PRODUCT_STATUS, PRICING, INVENTORY)
        pushes = await show.erp.control("GET", "push")
        missing = await show.differences()

        async with show.measured("catch-up"):
            for name in ("product", "inventory_price"):
                await show.sync(name, kind="changes")
            await show.deliver(PRODUCT, PRODUCT_STATUS, PRICING, INVENTORY)
        last = await show.differences()
        plans = [*await show.plans(PRICING), *await show.plans(INVENTORY)]
        letters = await show.connector.letters()
        print("\nstep | seconds | requests to the ERP | requests to the shop | memory of the daemon")  # noqa: T201 - the figures of docs/showcase.md
        print("\n".join(show.figures))  # noqa: T201 - as above
        print({name: pushes[name] for name in ("made", "sent", "lost", "duplicated", "reordered")}, len(missing))  # noqa: T201 - as above

    assert (first, last) == ([], [])
    assert pushes["lost"] > 0
    assert pushes["duplicated"] > 0
    assert pushes["reordered"] > 0
    assert missing, "a lost push must show before the catch-up"
    assert bulk == planned
    assert [made for made, _ in plans] == [rule for _, rule in plans]
    assert letters == []
