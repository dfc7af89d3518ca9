"""Whether the topology still stands as declared: asked again and again; what is gone is told, not made anew."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiormq.abc import AbstractChannel
from aiormq.exceptions import AMQPChannelError, ChannelNotFoundEntity, ChannelPreconditionFailed

from queues.errors import BrokerUnavailable
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.topology import Difference, ExchangeDeclaration, QueueDeclaration, Topology

Question = Callable[[AbstractChannel], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What is *missing*, in the broker's words, and the *differences* of what stands there otherwise than declared."""

    missing: tuple[Difference, ...]
    differences: tuple[Difference, ...]


class Inspector:
    """
    Compares the broker with *topology*.

    Every queue that is there is bound again each time, which changes nothing where the binding stands: whoever deletes
    a queue and declares it anew may not know its binding, and without one its events would be nobody's.
    """

    def __init__(self, connection: BrokerConnection, topology: Topology) -> None:
        self._connection = connection
        self._topology = topology

    async def inspect(self) -> Inspection:
        """
        Ask for everything once.

        Raises:
            BrokerUnavailable: no answer.
        """
        asking = _Asking(self._connection)
        try:
            for exchange in self._topology.exchanges:
                await asking.about(exchange.name, _exchange(exchange, passive=True), _exchange(exchange, passive=False))
            for queue in self._topology.queues:
                await asking.about(queue.name, _queue(queue, passive=True), _queue(queue, passive=False))
                if not asking.misses(queue.name):
                    await asking.refusal(_binding(queue), f"bind {queue.name}")
        finally:
            await asking.close()
        return Inspection(missing=tuple(asking.missing), differences=tuple(asking.differences))


class _Asking:
    """One inspection: one channel for all questions, another after every refusal, which closes it."""

    def __init__(self, connection: BrokerConnection) -> None:
        self._connection = connection
        self._channel: AbstractChannel | None = None
        self.missing: list[Difference] = []
        self.differences: list[Difference] = []

    async def about(self, name: str, look: Question, compare: Question) -> None:
        """
        Look for *name*, then compare it with its declaration.

        Only an active declaration compares, and it would create what is missing: so it is asked for last.
        """
        refusal = await self.refusal(look, f"look for {name}")
        if isinstance(refusal, ChannelNotFoundEntity):
            self.missing.append(Difference(name=name, text=str(refusal)))
        if refusal is not None:
            return
        difference = await self.refusal(compare, f"compare {name}")
        if isinstance(difference, ChannelPreconditionFailed):  # refused access is no difference
            self.differences.append(Difference(name=name, text=str(difference)))

    def misses(self, name: str) -> bool:
        return any(each.name == name for each in self.missing)

    async def refusal(self, question: Question, what: str) -> AMQPChannelError | None:
        """Ask *question*; give the broker's refusal, raise whatever else goes wrong."""
        if self._channel is None or self._channel.is_closed:
            self._channel = await self._connection.driver_channel()
        try:
            await self._connection.ask(question(self._channel), what)
        except BrokerUnavailable as error:
            if not isinstance(error.__cause__, AMQPChannelError):
                raise
            await self.close()
            return error.__cause__
        return None

    async def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await self._connection.close_channel(channel)


def _exchange(wanted: ExchangeDeclaration, *, passive: bool) -> Question:
    return lambda channel: channel.exchange_declare(
        exchange=wanted.name,
        exchange_type=wanted.kind,
        durable=True,
        passive=passive,
        arguments=dict(wanted.arguments),
    )


def _queue(wanted: QueueDeclaration, *, passive: bool) -> Question:
    return lambda channel: channel.queue_declare(
        wanted.name, durable=True, passive=passive, arguments=dict(wanted.arguments)
    )


def _binding(wanted: QueueDeclaration) -> Question:
    return lambda channel: channel.queue_bind(wanted.name, wanted.exchange, wanted.routing_key)
