"""What the tests of the whole engine on real servers share."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.broker_queues import broker_queues
from tests.server_engine import Servers


@pytest_asyncio.fixture
async def servers(broker_url: str, database: str, instance: str) -> AsyncIterator[Servers]:
    """Provide the servers with an instance and a database of this test."""
    async with broker_queues(broker_url) as queues:
        yield Servers(instance=instance, broker_url=broker_url, database_url=database, queues=queues)
