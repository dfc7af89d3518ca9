"""The exchanges, queues and bindings of one instance: plain data, and their declaration at the start."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import structlog
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPChannelError, ChannelNotFoundEntity
from aiormq.exceptions import ChannelAccessRefused  # aio-pika does not pass this one on

from queues.definition import QueueDefinition
from queues.errors import BrokerUnavailable
from queues.rabbitmq.connection import BrokerConnection

_log = structlog.get_logger()

_QUORUM: Final[Mapping[str, Any]] = {"x-queue-type": "quorum"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeDeclaration:
    """A durable exchange."""

    name: str
    kind: Literal["topic", "fanout"]
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDeclaration:
    """
    A durable quorum queue and its one binding.

    No delivery limit stands in the arguments: -1 means "unlimited" to 4.x and "drop at the first return" to 3.10, and
    an argument can never be changed. Lifting the limit of 4.x takes a policy (`queues.rabbitmq.delivery_limit`).
    """

    name: str
    exchange: str
    routing_key: str
    arguments: Mapping[str, Any] = field(default_factory=lambda: dict(_QUORUM))


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What an instance needs at its broker, in the order of declaration."""

    exchanges: tuple[ExchangeDeclaration, ...]
    queues: tuple[QueueDeclaration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An exchange or queue that stands there otherwise than declared here; it is used as it is."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyReport:
    """What the declaration found: what it *created*, and the *differences* an operator should look at."""

    created: tuple[str, ...]
    differences: tuple[Difference, ...]


def events_exchange(instance: str) -> str:
    """Name the exchange that everybody publishes to."""
    return f"{instance}.events"


def unrouted_queue(instance: str) -> str:
    """Name the exchange, and its queue, that receive what no binding wants."""
    return f"{instance}.unrouted"


def dead_queue(instance: str) -> str:
    """Name the exchange, and its queue, that receive what the broker gave up on."""
    return f"{instance}.dead"


def plan_topology(instance: str, definitions: Sequence[QueueDefinition]) -> Topology:
    """Lay out the topology of *instance*."""
    events, unrouted, dead = events_exchange(instance), unrouted_queue(instance), dead_queue(instance)
    return Topology(
        exchanges=(
            ExchangeDeclaration(name=unrouted, kind="fanout"),
            ExchangeDeclaration(name=dead, kind="fanout"),
            ExchangeDeclaration(name=events, kind="topic", arguments={"alternate-exchange": unrouted}),
        ),
        queues=(
            QueueDeclaration(name=unrouted, exchange=unrouted, routing_key=""),
            QueueDeclaration(name=dead, exchange=dead, routing_key=""),
            *(
                QueueDeclaration(
                    name=definition.name,
                    exchange=events,
                    routing_key=definition.event_type,
                    arguments={**_QUORUM, "x-dead-letter-exchange": dead},
                )
                for definition in definitions
            ),
        ),
    )


async def declare_topology(connection: BrokerConnection, topology: Topology) -> TopologyReport:
    """
    Make sure that everything stands; once, at the start.

    What is missing is declared. What stands there otherwise is reported and used as it is: recreating it would lose
    what it holds. Operators who import definitions need not grant the right to configure.

    Raises:
        BrokerUnavailable: no answer; or something is missing and may not be created.
    """
    declaring = _Declaring(connection)
    for exchange in topology.exchanges:
        await declaring.exchange(exchange)
    for queue in topology.queues:
        await declaring.queue(queue)
    return TopologyReport(created=tuple(declaring.created), differences=tuple(declaring.differences))


class _Declaring:
    """One pass over the topology; every question has a channel of its own, for a refusal closes it."""

    def __init__(self, connection: BrokerConnection) -> None:
        self._connection = connection
        self.created: list[str] = []
        self.differences: list[Difference] = []

    async def exchange(self, wanted: ExchangeDeclaration) -> None:
        await self._declare(
            f"exchange {wanted.name}",
            lambda channel, passive: channel.declare_exchange(
                wanted.name,
                wanted.kind,
                durable=True,
                passive=passive,
                arguments=dict(wanted.arguments),
            ),
        )

    async def queue(self, wanted: QueueDeclaration) -> None:
        await self._declare(
            f"queue {wanted.name}",
            lambda channel, passive: channel.declare_queue(
                wanted.name, durable=True, passive=passive, arguments=dict(wanted.arguments)
            ),
        )
        refusal = await self._refusal(
            lambda channel: _bind(channel, wanted),
            f"bind queue {wanted.name} to {wanted.exchange}",
        )
        if refusal is not None and not _is(refusal, ChannelAccessRefused):
            raise refusal

    async def _declare(self, name: str, declare: Callable[[AbstractChannel, bool], Awaitable[object]]) -> None:
        absence = await self._refusal(lambda channel: declare(channel, True), f"look for {name}")  # noqa: FBT003 - passive
        # Only an active declaration compares the arguments.
        refusal = await self._refusal(lambda channel: declare(channel, False), f"declare {name}")  # noqa: FBT003 - active
        if refusal is None:
            if absence is not None and _is(absence, ChannelNotFoundEntity):
                self.created.append(name)
        elif absence is not None:
            raise refusal
        elif not _is(refusal, ChannelAccessRefused):  # without the right to configure there is no comparison
            self._differs(name, refusal)

    async def _refusal(
        self, question: Callable[[AbstractChannel], Awaitable[object]], what: str
    ) -> BrokerUnavailable | None:
        """Ask *question*; give the broker's refusal (404, 403, 406), raise whatever else goes wrong."""
        channel = await self._connection.channel()
        try:
            await self._connection.ask(question(channel), what)
        except BrokerUnavailable as error:
            if isinstance(error.__cause__, AMQPChannelError):
                return error
            raise
        finally:
            await self._connection.close_channel(channel)
        return None

    def _differs(self, name: str, refusal: BrokerUnavailable) -> None:
        _log.warning("topology.differs", name=name, error=str(refusal))
        self.differences.append(Difference(name=name, text=str(refusal)))


async def _bind(channel: AbstractChannel, wanted: QueueDeclaration) -> None:
    queue = await channel.get_queue(wanted.name, ensure=False)
    await queue.bind(wanted.exchange, wanted.routing_key)


def _is(refusal: BrokerUnavailable, kind: type[AMQPChannelError]) -> bool:
    return isinstance(refusal.__cause__, kind)
