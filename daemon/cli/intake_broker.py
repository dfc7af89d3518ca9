"""Bringing events in straight through the broker, for when no daemon runs; the same rules as the daemon's."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from daemon import variables
from daemon.cli.errors import NotReachable
from daemon.cli.event_files.entries import EventRecord
from daemon.cli.publishing import EventVerdict, TakeIn
from daemon.cli.silence import silence_logs
from daemon.environment import EnvironmentReader
from daemon.sync.entities import active_queues
from daemon.sync.events import check_event
from queues.errors import BrokerUnavailable, InvalidMessage
from queues.message import ChangeEvent, parse_json
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.publisher import Publication, Publisher
from queues.rabbitmq.topology import declare_topology, events_exchange, plan_topology


@contextmanager
def broker_intake(environ: Mapping[str, str]) -> Iterator[TakeIn]:
    """
    Connect to the broker and make sure that exchanges and queues stand, as the daemon does at its start.

    Raises:
        ConfigurationError: broker or instance are not set, or wrong.
        NotReachable: the broker does not answer or refuses us.
    """
    reader = EnvironmentReader(environ)
    reader.refuse_unknown(variables.VARIABLES)
    url, instance = reader.read(variables.BROKER_URL), reader.read(variables.INSTANCE)
    reader.finish()
    if url is None or instance is None:
        raise AssertionError("a required variable that is not set is a fault, and faults were raised")
    silence_logs()
    with asyncio.Runner() as runner:
        connection = BrokerConnection(url.reveal(), name=f"{instance} am-connector events publish")
        publisher = Publisher(connection, exchange=events_exchange(instance))
        try:
            runner.run(_prepare(connection, instance))
            yield lambda events: runner.run(_take_in(publisher, events))
        finally:
            runner.run(_close(publisher, connection))


async def _prepare(connection: BrokerConnection, instance: str) -> None:
    try:
        await declare_topology(connection, plan_topology(instance, active_queues(instance)))
    except BrokerUnavailable as error:
        raise NotReachable(f"the broker: {error}") from error


async def _close(publisher: Publisher, connection: BrokerConnection) -> None:
    await publisher.close()
    await connection.close()


async def _take_in(publisher: Publisher, events: Sequence[EventRecord]) -> Sequence[EventVerdict]:
    read = [_read(event) for event in events]
    publications = [Publication.of(each) for each in read if isinstance(each, ChangeEvent)]
    errors = await publisher.publish(publications)
    if publications and all(errors):
        # Not one was confirmed: what follows would fare no better.
        raise NotReachable(f"the broker: {errors[0]}")
    outcomes = iter(errors)
    return [each if isinstance(each, EventVerdict) else _verdict(each, next(outcomes)) for each in read]


def _read(record: EventRecord) -> ChangeEvent | EventVerdict:
    try:
        event = ChangeEvent.from_document(parse_json(record.body))
        check_event(event)
    except InvalidMessage as fault:
        return EventVerdict(outcome="refused", code=fault.code, member=fault.member, reason=fault.text)
    return event


def _verdict(event: ChangeEvent, error: BrokerUnavailable | None) -> EventVerdict:
    if error is None:
        return EventVerdict(outcome="accepted", event_id=event.id)
    return EventVerdict(outcome="unavailable", event_id=event.id, code="broker_unavailable", reason=str(error))
