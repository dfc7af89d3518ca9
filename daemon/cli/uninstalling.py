"""Taking an instance away from the broker; what the database holds stays, and is told."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from daemon.cli.errors import CommandError, NotReachable
from daemon.cli.texts import counted
from daemon.secret import Secret
from daemon.sync.entities import all_queues
from queues.errors import BrokerUnavailable, DatabaseUnavailable, StateConflict
from queues.postgres.audit import Act, PostgresAudit
from queues.postgres.engine import open_engine
from queues.postgres.intake import PostgresIntake
from queues.postgres.journal import PostgresJournal
from queues.postgres.migrate import check_at_head
from queues.postgres.queues import PostgresQueues
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.removal import BrokerQueue, find_queues, remove_topology
from queues.rabbitmq.topology import plan_topology

OPEN: Final = ("failed", "reprocessing", "superseded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which instance, at which broker and in which database."""

    instance: str
    broker_url: Secret
    database_url: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """
    What there is of an instance.

    Attributes:
        queues: at the broker.
        exchanges: that would be deleted too; whether they stand there is not asked.
        letters: open dead letters in the database, by state.
        waiting: messages of the ledger that wait for their next attempt.
        obstacles: why it may not be taken away yet, a sentence each.
    """

    queues: Sequence[BrokerQueue]
    exchanges: Sequence[str]
    letters: Mapping[str, int]
    waiting: int
    obstacles: Sequence[str]

    @property
    def messages(self) -> int:
        """Messages that would be lost with their queues."""
        return sum(queue.messages for queue in self.queues)


async def look_at(place: Place) -> Remains:
    """
    Find out what there is of the instance, and whether it may go.

    Raises:
        NotReachable: broker or database do not answer or do not let us in.
        CommandError: the database is not one of this release.
    """
    async with _opened(place) as opened:
        return await opened.look()


async def take_away(place: Place, act: Act, *, discard_messages: bool) -> Remains:
    """
    Delete queues and exchanges of the instance; of the database nothing is changed but the audit log.

    Raises:
        NotReachable: as `look_at`; some may be gone then.
        CommandError: it may not go; nothing was deleted.
    """
    async with _opened(place) as opened:
        remains = await opened.look()
        refuse(remains, discard_messages=discard_messages)
        await opened.remove(remains, act)
        return remains


def refuse(remains: Remains, *, discard_messages: bool) -> None:
    """
    See that it may go.

    Raises:
        CommandError: it may not.
    """
    obstacles = list(remains.obstacles)
    if remains.messages and not discard_messages:
        waiting = counted(remains.messages, "message")
        obstacles.append(f"the queues hold {waiting}, which would be lost: give --discard-messages if they may be")
    if obstacles:
        raise CommandError("; ".join(obstacles))


class _Opened:
    """The instance at its broker and in its database."""

    def __init__(self, place: Place) -> None:
        self._instance = place.instance
        self._connection = BrokerConnection(place.broker_url.reveal(), name=f"{place.instance} am-connector uninstall")
        self._engine = open_engine(place.database_url.reveal(), pool_size=1, name="am-connector uninstall")
        self._topology = plan_topology(place.instance, all_queues(place.instance))

    async def look(self) -> Remains:
        queues = await find_queues(self._connection, self._topology)
        obstacles = []
        if not (await PostgresIntake(self._engine).state()).stopped:
            obstacles.append("the intake is not stopped: am-connector intake stop --reason …")
        names = {queue.name for queue in self._topology.queues}
        states = [each for each in await PostgresQueues(self._engine).states() if each.queue in names]
        now = datetime.now(UTC)
        if any(queue.consumers for queue in queues) or any(
            each.is_running or each.next_run_at > now for each in states
        ):
            obstacles.append("a daemon works on it, or did within the last minute: stop it, and wait a minute")
        letters = await PostgresJournal(self._engine).dead_letters_by_state()
        return Remains(
            queues=queues,
            exchanges=[exchange.name for exchange in self._topology.exchanges],
            letters={state: count for state, count in letters.items() if state in OPEN and count},
            waiting=sum(each.waiting for each in states),
            obstacles=obstacles,
        )

    async def remove(self, remains: Remains, act: Act) -> None:
        """Delete them; the act is written down before, so that it is told even if it is cut short."""
        details = {"queues": {queue.name: queue.messages for queue in remains.queues}, "exchanges": remains.exchanges}
        audit = PostgresAudit(self._engine)
        await audit.write(act, action="instance.uninstalled", target=self._instance, details=details)
        await remove_topology(self._connection, self._topology)

    async def close(self) -> None:
        await self._connection.close()
        await self._engine.dispose()


@asynccontextmanager
async def _opened(place: Place) -> AsyncIterator[_Opened]:
    opened = _Opened(place)
    try:
        await check_at_head(place.database_url.reveal())
        yield opened
    except BrokerUnavailable as error:
        raise NotReachable(f"the broker: {error}") from error
    except DatabaseUnavailable as error:
        raise NotReachable(f"the database: {error}") from error
    except StateConflict as error:
        raise CommandError(str(error)) from error
    finally:
        await opened.close()
