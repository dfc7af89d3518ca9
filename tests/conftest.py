"""Fixtures that every kind of test may use: real servers, a database and an instance of its own for each test."""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
from hypothesis import settings

from deploy.local.broker import Broker
from deploy.local.database import Database
from deploy.local.services import Services
from queues.postgres.migrate import upgrade
from tests.services import complete, delete_instance, servers, statements, with_database

# How long an example takes says more about the machine than about the code.
settings.register_profile("connector", deadline=None, print_blob=True)
settings.load_profile("connector")


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Both servers, for the whole session."""
    with servers() as provided:
        yield provided


@pytest.fixture(scope="session")
def broker_url(services: Services) -> str:
    """URL of a real RabbitMQ."""
    return services.broker_url


@pytest.fixture(scope="session")
def database_url(services: Services) -> str:
    """URL of a real PostgreSQL whose user may create databases; tests keep nothing in this one."""
    return services.database_url


@pytest.fixture(scope="session")
def template_database(database_url: str) -> Iterator[str]:
    """Name of a database at the newest schema, to be copied."""
    name = f"template_{uuid4().hex}"
    complete(statements(database_url, [f'CREATE DATABASE "{name}"']))
    complete(upgrade(with_database(database_url, name)))
    yield name
    complete(statements(database_url, [f'DROP DATABASE "{name}" WITH (FORCE)']))


@pytest.fixture
def empty_database(database_url: str) -> Iterator[str]:
    """URL of a database of this test without any table."""
    name = f"test_{uuid4().hex}"
    complete(statements(database_url, [f'CREATE DATABASE "{name}"']))
    yield with_database(database_url, name)
    complete(statements(database_url, [f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)']))


@pytest.fixture
def database(database_url: str, template_database: str) -> Iterator[str]:
    """URL of a database of this test at the newest schema."""
    name = f"test_{uuid4().hex}"
    complete(statements(database_url, [f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"']))
    yield with_database(database_url, name)
    complete(statements(database_url, [f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)']))


@pytest.fixture
def instance(broker_url: str) -> Iterator[str]:
    """Name of an instance of this test; its queues and exchanges are deleted afterwards."""
    name = f"t{uuid4().hex[:12]}"
    yield name
    complete(delete_instance(broker_url, name))


@pytest.fixture
def queue_name(instance: str) -> str:
    """Name of a queue of this test; whoever declares it need not delete it."""
    return f"{instance}.to_magento.pricing"


@pytest.fixture
def private_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Provide a started broker of this test's own, to be stopped, killed and started again."""
    with ExitStack() as stack:
        stack.enter_context(servers(broker=False, database=False))
        broker = Broker(tmp_path_factory.mktemp("broker"))
        stack.callback(broker.stop)
        broker.start()
        yield broker


@pytest.fixture
def private_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Provide a started database server of this test's own, to be stopped, killed and started again."""
    database = Database(tmp_path_factory.mktemp("database"))
    try:
        database.start()
        yield database
    finally:
        database.stop()
