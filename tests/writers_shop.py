"""A sandbox store and the writers of it, with everything that went over the wire held against the contract."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from daemon.config import MagentoBearer, MagentoConfig
from daemon.magento.writers import Writers
from daemon.sandbox.journal import JournalEntry
from daemon.sandbox.magento.attributes import Attribute
from daemon.sandbox.magento.ordering import OrderLine, place_order
from daemon.sandbox.magento.orders import Order
from daemon.sandbox.magento.product import Product
from daemon.sandbox.serve import RunningSandbox, running_sandbox
from daemon.sandbox.settings import DEFAULT_CREDENTIALS, SandboxSettings
from daemon.secret import Secret
from daemon.sync.shop.attribute import ShopAttribute, ShopOption
from daemon.targets import open_store
from queues.verdicts import Delivered, Refused, Verdict
from tests.fakes.clock import FakeClock
from tests.magento_contract import contract_errors

SET = "Hardware"


@dataclass(frozen=True, slots=True, kw_only=True)
class WritersShop:
    """A running sandbox and its writers."""

    running: RunningSandbox
    write: Writers

    def product(self, sku: str) -> Product:
        product = self.running.sandbox.shop.catalogue.get(sku)
        assert product is not None
        assert product.sku == sku
        return product

    def requests(self) -> list[JournalEntry]:
        return self.running.sandbox.journal.entries()

    def writes(self) -> list[JournalEntry]:
        """The requests that changed something."""
        return [entry for entry in self.requests() if entry.method != "GET"]

    def bodies(self, path: str) -> list[Any]:
        """The bodies of the writes whose path contains *path*."""
        journal = self.running.sandbox.journal
        views = journal.views([entry for entry in self.writes() if path in entry.path], with_bodies=True)
        return [json.loads(str(view["body"]), parse_float=Decimal) for view in views if "body" in view]

    def forget(self) -> None:
        """Look at what comes after only."""
        self.running.sandbox.journal.clear()

    def order(self, *lines: OrderLine) -> Order:
        return place_order(self.running.sandbox.shop, lines, email="olga@example.com")

    async def finish(self) -> None:
        """The attribute `finish` with two options, in the set that the tests' products are of."""
        options = (ShopOption(label="Matte"), ShopOption(label="Gloss", position=1))
        delivered(await self.write.attributes.write(finish(options)))

    def add_attribute(self, attribute: Attribute) -> None:
        self.running.sandbox.shop.attributes.add(attribute)


def finish(options: tuple[ShopOption, ...]) -> ShopAttribute:
    return ShopAttribute(code="finish", label="Finish", input="select", options=options)


def delivered(verdict: Verdict) -> None:
    assert isinstance(verdict, Delivered), verdict


def refused(verdict: Verdict, error_class: str, *words: str) -> None:
    """It was refused, as what, and for a reason that names *words*."""
    assert isinstance(verdict, Refused), verdict
    assert (verdict.error_class, verdict.text) == (error_class, verdict.text)
    assert [word for word in words if word not in verdict.text] == [], verdict.text


@asynccontextmanager
async def writers_shop() -> AsyncIterator[WritersShop]:
    """Run a sandbox with some products; at the end every body that was sent keeps to the published contract."""
    async with running_sandbox(SandboxSettings(default_products=5)) as running:
        credentials = MagentoBearer(token=Secret(DEFAULT_CREDENTIALS.access_token))
        seconds = timedelta(seconds=20)
        config = MagentoConfig(url=running.url, credentials=credentials, connect_timeout=seconds, timeout=seconds)
        async with open_store(config, FakeClock()) as store:
            assert store is not None
            yield WritersShop(running=running, write=store.writers)
        _check_contract(running)


def _check_contract(running: RunningSandbox) -> None:
    journal = running.sandbox.journal
    for entry in journal.entries():
        # A custom attribute is cleared by null, as recorded, although the contract wants a value.
        errors = [error for error in entry.schema_errors if not _CLEARED.fullmatch(error)]
        assert errors == [], f"{entry.method} {entry.path}"
    for view in journal.views([entry for entry in journal.entries() if entry.method != "GET"], with_bodies=True):
        path = str(view["path"]).partition("?")[0].removeprefix("/rest/all/V1/")
        if "body" in view and path in _STRICT:
            errors = contract_errors(str(view["method"]), path, json.loads(str(view["body"])))
            assert errors == [], f"{path}: {errors}"


_CLEARED = re.compile(r"\w+\.custom_attributes\[\d+\]\.value: required")
_STRICT = frozenset(
    {
        "products",
        "products/attributes",
        "products/attribute-sets",
        "products/attribute-sets/groups",
        "products/attribute-sets/attributes",
        "products/tier-prices",
        "categories",
        "customers",
        "customerGroups",
        "orders",
        "shipment/track",
    }
)
"""Paths without variables, whose bodies are held against the contract without the tolerance of the real shop."""
