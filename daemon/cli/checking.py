"""Asking everybody the daemon works with whether they are there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from daemon.acumatica.connection import test_connection as test_acumatica
from daemon.acumatica.tokens import MemoryTokenStore
from daemon.cli.exit_codes import DONE, FAILED, NOT_REACHABLE
from daemon.cli.silence import silence_logs
from daemon.clock import SystemClock
from daemon.config import Config
from daemon.erp.opening import open_erp
from daemon.magento.connection import test_connection as test_magento
from daemon.targets import open_store
from queues.errors import BrokerUnavailable, DatabaseUnavailable, StateConflict
from queues.postgres.migrate import check_at_head
from queues.rabbitmq.connection import BrokerConnection

_ABSENT: Final = frozenset({"unreachable", "maintenance", "rate_limited", "session_limit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of one of them; *code* is the exit code it asks for."""

    name: str
    code: int
    text: str


async def check_everything(config: Config) -> Sequence[Finding]:
    """Ask broker, database, Magento and Acumatica at once; the configuration itself is read already."""
    silence_logs()
    configuration = Finding(name="configuration", code=DONE, text=f"instance {config.instance}")
    asked = await asyncio.gather(_broker(config), _database(config), _magento(config), _acumatica(config))
    return [configuration, *asked]


def worst(findings: Sequence[Finding]) -> int:
    """Make one exit code of all: not reachable before failed before done."""
    return max((each.code for each in findings), default=DONE)


async def _broker(config: Config) -> Finding:
    connection = BrokerConnection(config.broker_url.reveal(), name=f"{config.instance} am-connector check")
    try:
        await connection.ensure()
        text = f"RabbitMQ {connection.version} at {_place(config.broker_url.reveal())}"
        return Finding(name="broker", code=DONE, text=text)
    except BrokerUnavailable as error:
        return Finding(name="broker", code=NOT_REACHABLE, text=str(error))
    finally:
        await connection.close()


async def _database(config: Config) -> Finding:
    url = config.database_url.reveal()
    try:
        await check_at_head(url)
    except DatabaseUnavailable as error:
        return Finding(name="database", code=NOT_REACHABLE, text=str(error))
    except StateConflict as error:
        return Finding(name="database", code=FAILED, text=str(error))
    return Finding(name="database", code=DONE, text=f"PostgreSQL at {_place(url)}, its schema is that of this release")


async def _magento(config: Config) -> Finding:
    async with open_store(config.magento, SystemClock()) as store:
        if store is None:
            return Finding(name="magento", code=DONE, text="not connected: CONNECTOR_MAGENTO_URL is not set")
        report = await test_magento(store.client)
    return _target("magento", config.magento.url, report.reason, report.detail)


async def _acumatica(config: Config) -> Finding:
    # A session of its own, signed out at the end: the refresh tokens of the running daemons stay theirs.
    async with open_erp(config.acumatica, SystemClock(), MemoryTokenStore()) as erp:
        if erp is None:
            return Finding(name="acumatica", code=DONE, text="not connected: CONNECTOR_ACUMATICA_URL is not set")
        report = await test_acumatica(erp, config.acumatica.tenant)
    return _target("acumatica", config.acumatica.url, report.reason, report.detail)


def _target(name: str, url: str | None, reason: str, detail: str) -> Finding:
    """Give what a test of a connection found; without a *reason* all is well."""
    code = FAILED if reason else DONE
    said = f"{reason.replace('_', ' ')}: {detail}" if reason else detail
    return Finding(name=name, code=NOT_REACHABLE if reason in _ABSENT else code, text=f"{url}, {said}")


def _place(url: str) -> str:
    """Give host and port of *url*: the rest may hold a password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
