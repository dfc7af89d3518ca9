"""A site and a running daemon that the tests of one module share."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.acceptance.site import Connector, Site, new_site


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(broker_url: str, database_url: str, template_database: str) -> AsyncIterator[Site]:
    """Broker instance, database and store of this module."""
    async with new_site(broker_url=broker_url, database_url=database_url, template_database=template_database) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def own_site(broker_url: str, database_url: str, template_database: str) -> AsyncIterator[Site]:
    """Broker instance, database and store of one test: what it leaves waiting is nobody else's."""
    async with new_site(broker_url=broker_url, database_url=database_url, template_database=template_database) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def connector(site: Site) -> AsyncIterator[Connector]:
    """Provide a daemon on the grid of one minute: between "run now" and the next tick nothing happens by itself."""
    async with site.connector() as running:
        yield running
