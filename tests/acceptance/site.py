"""A site of a test's own: an instance at the broker, a database, a store, and the daemons that work there."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import uuid4

import aiormq
import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
from pamqp import commands

from queues.message import ChangeEvent, encode
from queues.postgres.audit import Act
from queues.postgres.engine import open_engine
from queues.postgres.settings import PostgresSettings
from queues.settings import QueueProcessingSettings
from tests.acceptance.api import Api, api_client
from tests.acceptance.daemon_process import COMMAND, Daemon, run_command, running_daemon
from tests.acceptance.store import StoreControl, running_store
from tests.broker_queues import BrokerQueues
from tests.services import delete_instance, statements, with_database

TOKEN: Final = "token-of-the-tests-0123456789"
PRICING: Final = "to_magento.pricing"
INVENTORY: Final = "to_magento.inventory"
PRODUCT_STATUS: Final = "to_magento.product_status"

_DATA: Final[Mapping[str, Mapping[str, Any]]] = {
    PRICING: {"price": "12.50"},
    INVENTORY: {"quantity": 7},
    PRODUCT_STATUS: {"status": "enabled"},
}
_BEGAN: Final = datetime(2026, 11, 21, 9, tzinfo=UTC)
_QUICK: Final = QueueProcessingSettings(check_process_time=1, process_sleep_time=1)


def change(kind: str, key: str, *, number: int = 0, **data: object) -> ChangeEvent:
    """Make a change event; *number* orders those of one record in time."""
    return ChangeEvent(
        id=uuid4().hex,
        source="tests",
        type=kind,
        subject=key,
        time=_BEGAN + timedelta(seconds=number),
        data={**_DATA[kind], **data},
    )


def changes(kind: str, keys: Iterable[str]) -> list[ChangeEvent]:
    """Make one change event for each of *keys*."""
    return [change(kind, key) for key in keys]


class Site:
    """Everything around the daemons."""

    def __init__(
        self, *, broker_url: str, database_url: str, instance: str, store: StoreControl, broker: BrokerQueues
    ) -> None:
        self.broker_url = broker_url
        self.database_url = database_url
        self.instance = instance
        self.store = store
        self.broker = broker
        self._numbers = count(1000)

    def skus(self, number: int) -> list[str]:
        """Give SKUs of the store's catalogue that no other test of this site has."""
        return [f"AC-{next(self._numbers)}" for _ in range(number)]

    def queue(self, kind: str) -> str:
        """Give the full name of the queue of *kind*."""
        return f"{self.instance}.{kind}"

    def environment(self, **settings: str) -> dict[str, str]:
        """Give the daemon's environment; *settings* without their prefix go on top, an empty one takes it away."""
        given = {
            "BROKER_URL": self.broker_url,
            "DATABASE_URL": self.database_url,
            "INSTANCE": self.instance,
            "HTTP_PORT": "0",
            "ADMIN_TOKEN": TOKEN,
            "MAGENTO_URL": self.store.url,
            "MAGENTO_TOKEN": self.store.token,
            "LOG_FORMAT": "json",
            **settings,
        }
        return {f"CONNECTOR_{name}": value for name, value in given.items() if value}

    @asynccontextmanager
    async def connector(
        self, *, program: Sequence[str] = (str(COMMAND),), **settings: str
    ) -> AsyncIterator["Connector"]:
        """Have a daemon that works at this site, ready, for as long as the block lasts; *program* runs it."""
        async with running_daemon(self.environment(**settings), program=program) as daemon:
            await daemon.wait_for("daemon.started")
            async with api_client(await daemon.address(), TOKEN) as api:
                yield Connector(site=self, daemon=daemon, api=api)

    async def publish(self, events: Iterable[ChangeEvent]) -> list[ChangeEvent]:
        """Publish *events* to the instance's exchange as any producer may; returns when all are confirmed."""
        published = list(events)
        for kind in dict.fromkeys(event.type for event in published):
            await self.publish_bytes(kind, [encode(event) for event in published if event.type == kind])
        return published

    async def publish_bytes(self, routing_key: str, bodies: Sequence[bytes]) -> None:
        """Publish whatever bytes, in order."""
        connection = await aiormq.connect(self.broker_url)
        try:
            channel = await connection.channel(publisher_confirms=True)
            confirmations = await asyncio.gather(
                *(
                    channel.basic_publish(
                        body,
                        exchange=f"{self.instance}.events",
                        routing_key=routing_key,
                        properties=commands.Basic.Properties(delivery_mode=2, headers={"origin": "tests"}),
                    )
                    for body in bodies
                )
            )
            assert all(isinstance(each, commands.Basic.Ack) for each in confirmations)
        finally:
            await connection.close()

    async def rows(self, statement: str, *values: object) -> list[Mapping[str, Any]]:
        """Read from the database, beside the daemon."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def put_settings(self, settings: QueueProcessingSettings) -> None:
        """Put settings in force before there is a daemon."""
        engine = open_engine(self.database_url)
        try:
            act = Act(actor="tests", reason="", request_id="")
            await PostgresSettings(engine).save_queue_processing(settings, act)
        finally:
            await engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """A running daemon at its site."""

    site: Site
    daemon: Daemon
    api: Api

    async def pause(self, kind: str) -> None:
        """Have a queue paused, and wait until its run is over."""
        if (await self.api.get(f"queues/{kind}"))["paused"] is None:
            await self.api.post(f"queues/{kind}/pause", {"reason": "collecting"})
        await self.idle(kind)

    async def idle(self, kind: str) -> None:
        """Wait until nobody runs the queue."""
        await self.api.until(f"queues/{kind}", lambda queue: queue["worker"] is None)

    async def run(self, kind: str) -> None:
        """Have the queue run now."""
        await self.api.post(f"queues/{kind}/run")

    async def wait_until_waiting(self, kind: str, number: int) -> None:
        """Wait until exactly so many messages wait in ledger and broker."""
        await self.api.until(f"queues/{kind}", lambda queue: queue["waiting"] == number)

    async def collect(self, kind: str, events: Iterable[ChangeEvent]) -> list[ChangeEvent]:
        """Have *events* wait in a paused queue."""
        await self.pause(kind)
        published = await self.site.publish(events)
        await self.wait_until_waiting(kind, len(published))
        return published

    async def run_to_its_end(self, kind: str) -> Mapping[str, Any]:
        """Resume the queue if it is paused, have it run now, and give that run's record."""
        before = await self.api.get(f"queues/{kind}")
        known = before["last_run"]["id"] if before["last_run"] else None
        if before["paused"]:
            await self.api.post(f"queues/{kind}/resume")
        await self.run(kind)
        after = await self.api.until(
            f"queues/{kind}",
            lambda queue: queue["last_run"] and queue["last_run"]["id"] != known and queue["last_run"]["ended_at"],
        )
        return dict(after["last_run"])

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Stop the daemon's process for as long as the block lasts, as a machine that is out of breath does."""
        self.daemon.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.daemon.send(signal.SIGCONT)

    async def further_runs(self, kind: str, number: int) -> None:
        """Wait until so many runs that begin from now on have ended, each with a check that nothing cut short."""
        queue = self.site.queue(kind)
        known = {run["id"] for run in (await self.api.get("runs", queue=queue, limit=20))["items"]}

        def have_ended(page: Mapping[str, Any]) -> bool:
            fresh = [run for run in page["items"] if run["id"] not in known and run["ended_at"]]
            return sum(any(not check["ended_by"] for check in run["checks"]) for run in fresh) >= number

        await self.api.until("runs", have_ended, queue=queue, limit=20)

    async def runs(self, kind: str) -> list[Any]:
        """List the runs of a queue, oldest first."""
        return list(reversed(await self.api.items("runs", queue=self.site.queue(kind))))

    async def letters(self, **wanted: str) -> Sequence[Any]:
        """List dead letters, oldest first."""
        return list(reversed(await self.api.items("dead-letters", **wanted)))

    async def letter_of(self, key: str, *, state: str = "failed") -> Mapping[str, Any]:
        """Wait for the dead letter of a record to be in *state*."""
        page = await self.api.until(
            "dead-letters", lambda page: any(each["state"] == state for each in page["items"]), key=key
        )
        return dict(next(each for each in page["items"] if each["state"] == state))


@asynccontextmanager
async def new_site(
    *,
    broker_url: str,
    database_url: str,
    template_database: str | None,
    settings: QueueProcessingSettings = _QUICK,
    store: StoreControl | None = None,
) -> AsyncIterator[Site]:
    """
    Make a site of its own.

    Args:
        broker_url: where its instance is declared.
        database_url: where its database is created.
        template_database: copied for it; None: it is migrated by the command.
        settings: in force from the start.
        store: shared with other sites; None: one of its own.
    """
    instance, name = f"t{uuid4().hex[:12]}", f"test_{uuid4().hex}"
    copied = f' TEMPLATE "{template_database}"' if template_database else ""
    await statements(database_url, [f'CREATE DATABASE "{name}"{copied}'])
    connection = await aiormq.connect(broker_url)
    try:
        async with running_store() as own:
            site = Site(
                broker_url=broker_url,
                database_url=with_database(database_url, name),
                instance=instance,
                store=store or own,
                broker=BrokerQueues(connection),
            )
            if template_database is None:
                migrated = await run_command(site.environment(), "migrate")
                assert migrated.code == 0, migrated.errors
            await site.put_settings(settings)
            yield site
    finally:
        await connection.close()
        await delete_instance(broker_url, instance)
        await statements(database_url, [f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'])
