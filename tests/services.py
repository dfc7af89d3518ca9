"""
The real servers that tests use, and what they are asked for besides the connector's own code.

The servers are those of CONNECTOR_TEST_BROKER_URL and CONNECTOR_TEST_DATABASE_URL (`make test` sets them), or are
started here. What cannot be had skips a test on a developer's machine and fails it in continuous integration.
"""

import asyncio
import os
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import pytest

from deploy.local.packages import how_to_install, missing_packages
from deploy.local.rabbitmq import needs_package
from deploy.local.services import Services, named_servers, provisioned, throw_away_home

ROOT = Path(__file__).resolve().parents[1]

T = TypeVar("T")

_DIRECTIONS = ("to_magento", "to_acumatica")
_ENTITIES = (
    "product",
    "product_status",
    "product_dependencies",
    "product_image",
    "attribute",
    "attribute_set",
    "tax_category",
    "category",
    "pricing",
    "tier_price",
    "inventory",
    "customer",
    "order",
    "order_status",
    "shipment",
    "invoice",
)


def complete(work: Coroutine[object, object, T]) -> T:
    """Await *work* from synchronous code, on a thread of its own: the loop of the tests is not touched."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextmanager
def servers(*, broker: bool = True, database: bool = True) -> Iterator[Services]:
    """Provide the servers asked for, started here unless the environment names them."""
    broker_url, database_url = named_servers(os.environ, "CONNECTOR_TEST_")
    needs_broker = broker and broker_url is None and needs_package(os.environ)
    missing = missing_packages(broker=needs_broker, database=database and database_url is None)
    if missing:
        give_up(how_to_install(missing))
    with (
        throw_away_home(ROOT / ".local") as home,
        provisioned(
            home,
            broker_url=broker_url if broker else "amqp://not-asked-for.invalid/",
            database_url=database_url if database else "postgresql://not-asked-for.invalid/",
            throw_away=True,
        ) as services,
    ):
        yield services


def give_up(reason: str) -> NoReturn:
    """Skip the test for *reason*; in continuous integration fail it."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)


def with_database(url: str, name: str) -> str:
    """Return *url* pointing to the database *name* of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def statements(url: str, commands: Sequence[str]) -> None:
    """Run SQL *commands*, each in a transaction of its own."""
    connection = await asyncpg.connect(url)
    try:
        for command in commands:
            await connection.execute(command)
    finally:
        await connection.close()


async def delete_instance(broker_url: str, instance: str) -> None:
    """Delete every queue and exchange that an instance may have declared; quorum queues left behind cost memory."""
    connection = await aio_pika.connect(broker_url)
    async with connection:
        channel = await connection.channel()
        for direction in _DIRECTIONS:
            for entity in _ENTITIES:
                await channel.queue_delete(f"{instance}.{direction}.{entity}")
        for name in ("unrouted", "dead"):
            await channel.queue_delete(f"{instance}.{name}")
        for name in ("events", "unrouted", "dead"):
            await channel.exchange_delete(f"{instance}.{name}")
