"""The sandbox store as the tests use it: its journal, its fault switches, its catalogue."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp

from daemon.sandbox.serve import running_sandbox
from daemon.sandbox.settings import DEFAULT_CREDENTIALS, SandboxSettings
from tests.acceptance.daemon_process import PATIENCE_SECONDS

PRICES: Final = "base-prices"
STOCK: Final = "source-items"
PRODUCTS: Final = "/V1/products/AC-"

_LONGEST_WAIT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request the store has seen, complete."""

    number: int
    at: datetime
    method: str
    path: str
    status: int | None
    rows: int | None
    skus: Sequence[str]
    applied: bool
    schema_valid: bool | None


class StoreControl:
    """A store and the hand on its switches."""

    def __init__(self, session: aiohttp.ClientSession, *, url: str, control_url: str) -> None:
        self._session = session
        self._control_url = control_url
        self.url = url
        self.token = DEFAULT_CREDENTIALS.access_token

    async def mark(self) -> int:
        """Give the number of the last request so far."""
        found = await self._call("GET", "requests", limit=1)
        return int(found["items"][0]["n"]) if found["items"] else 0

    async def requests(self, path: str = "", *, since: int = 0, method: str = "") -> list[Request]:
        """List the requests after number *since* whose path holds *path*, in the order they began."""
        found = await self._call("GET", "requests", **_wanted(path, since, method))
        return [_request(each) for each in found["items"]]

    async def wait(self, count: int, path: str = "", *, since: int = 0, method: str = "") -> list[Request]:
        """Return the requests as soon as there are *count* of them."""
        wanted = {**_wanted(path, since, method), "count": count, "timeout": _LONGEST_WAIT_SECONDS}
        found = await self._call("GET", "requests/wait", **wanted)
        return [_request(each) for each in found["items"]]

    async def fault(self, mode: str, **members: str | float) -> None:
        """Switch a fault on."""
        await self._call("PUT", "faults", document={"mode": mode, **members})

    async def mend(self) -> None:
        """End every fault and refuse no SKU any more."""
        await self._call("DELETE", "faults")

    async def reject(self, *skus: str, message: str | None = None) -> None:
        """Refuse these SKUs until `accept`."""
        await self._call("PUT", "faults/reject", document={"skus": list(skus), "message": message})

    async def accept(self, sku: str) -> None:
        """Refuse this SKU no longer."""
        await self._call("DELETE", "faults/reject", sku=sku)

    async def configure(self, **members: object) -> None:
        """Turn the shop's own settings."""
        await self._call("PUT", "configuration", document=members)

    async def product(self, sku: str) -> dict[str, Any]:
        """Show one product."""
        return dict(await self._call("GET", f"products/{sku}"))

    async def rest(self, path: str, *, view: str = "all", **query: str) -> Any:  # noqa: ANN401 - JSON
        """Read from the shop's own API, below `/rest/<view>/V1/`."""
        async with self._session.get(
            f"{self.url}/rest/{view}/V1/{path}", params=query, headers={"Authorization": f"Bearer {self.token}"}
        ) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def make_source(self, code: str) -> None:
        """Give the shop one more inventory source."""
        source = {"source_code": code, "name": code, "postcode": "1", "country_id": "US"}
        async with self._session.post(
            f"{self.url}/rest/all/V1/inventory/sources",
            json={"source": source},
            headers={"Authorization": f"Bearer {self.token}"},
        ) as response:
            assert response.status == 200, await response.text()

    async def listed(self, path: str) -> list[dict[str, Any]]:
        """Read all records of a list of the shop's own API."""
        return list((await self.rest(path, **{"searchCriteria[pageSize]": "1000"}))["items"])

    async def order(self, lines: Mapping[str, int]) -> str:
        """Place an order of so many of each SKU; give its number as people see it."""
        document = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]}
        return str((await self._call("POST", "orders", document=document))["increment_id"])

    async def order_numbered(self, number: str) -> dict[str, Any]:
        """Show the order of a number."""
        (found,) = [each for each in await self.listed("orders") if each["increment_id"] == number]
        return dict(found)

    async def _call(self, method: str, where: str, /, *, document: object = None, **parameters: str | int) -> Any:  # noqa: ANN401 - JSON
        async with self._session.request(
            method, f"{self._control_url}/_sandbox/{where}", json=document, params=parameters
        ) as response:
            assert response.status == 200, await response.text()
            return await response.json()


def _wanted(path: str, since: int, method: str) -> dict[str, str | int]:
    wanted: dict[str, str | int] = {"path": path, "since": since}
    return {**wanted, "method": method} if method else wanted


def _request(each: dict[str, Any]) -> Request:
    return Request(
        number=each["n"],
        at=datetime.fromisoformat(each["at"]),
        method=each["method"],
        path=each["path"],
        status=each["status"],
        rows=each["rows"],
        skus=each["skus"],
        applied=each["applied"],
        schema_valid=each["schema_valid"],
    )


@asynccontextmanager
async def running_store(settings: SandboxSettings | None = None) -> AsyncIterator[StoreControl]:
    """Have a store for as long as the block lasts."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS + 5)
    async with (
        running_sandbox(settings, control_port=0) as running,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        yield StoreControl(session, url=running.url, control_url=running.control_url)
        # What a daemon of the test has just closed is let go of before the store ends.
        await asyncio.sleep(0)
