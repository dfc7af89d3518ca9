"""An instance is taken away from the broker only when nobody needs it, and the database keeps what it has."""

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from daemon.cli.errors import CommandError, NotReachable
from daemon.cli.uninstalling import Place, look_at, take_away
from daemon.secret import Secret
from daemon.sync.entities import all_queues
from queues.postgres.audit import Act, AuditFilter, PostgresAudit
from queues.postgres.engine import open_engine
from queues.postgres.intake import PostgresIntake
from queues.postgres.schedule import PostgresSchedule
from queues.rabbitmq.connection import BrokerConnection
from queues.rabbitmq.topology import declare_topology, events_exchange, plan_topology
from tests.command_line import run_command
from tests.services import statements

ACT = Act(actor="ada", reason="the shop was closed")


@pytest.fixture
async def place(broker_url: str, database: str, instance: str) -> Place:
    connection = BrokerConnection(broker_url, name="tests")
    await declare_topology(connection, plan_topology(instance, all_queues(instance)[:2]))
    await connection.close()
    return Place(instance=instance, broker_url=Secret(broker_url), database_url=Secret(database))


async def stop(place: Place) -> None:
    engine = open_engine(place.database_url.reveal())
    await PostgresIntake(engine).stop(ACT)
    await engine.dispose()


async def publish(place: Place) -> None:
    connection = await aio_pika.connect(place.broker_url.reveal())
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(events_exchange(place.instance), ensure=False)
        queue = all_queues(place.instance)[0]
        await exchange.publish(aio_pika.Message(b"{}"), routing_key=queue.event_type)


async def ignore(message: AbstractIncomingMessage) -> None:
    del message


async def test_queues_and_exchanges_go_when_the_intake_is_stopped_and_the_act_is_told(place: Place) -> None:
    before = await look_at(place)
    with pytest.raises(CommandError, match="the intake is not stopped"):
        await take_away(place, ACT, discard_messages=True)
    untouched = await look_at(place)
    await stop(place)

    await take_away(place, ACT, discard_messages=False)
    after = await look_at(place)

    assert len(before.queues) == len(untouched.queues) == 4
    assert (list(after.queues), after.messages) == ([], 0)
    engine = open_engine(place.database_url.reveal())
    (row,) = await PostgresAudit(engine).entries(AuditFilter(action="instance.uninstalled"))
    await engine.dispose()
    assert (row.actor, row.target, row.reason) == ("ada", place.instance, "the shop was closed")
    assert sorted(row.details["queues"]) == sorted(queue.name for queue in before.queues)


async def test_messages_are_lost_only_when_somebody_says_so(place: Place) -> None:
    await stop(place)
    await publish(place)

    with pytest.raises(CommandError, match="hold 1 message, which would be lost"):
        await take_away(place, ACT, discard_messages=False)
    kept = await look_at(place)
    await take_away(place, ACT, discard_messages=True)

    assert kept.messages == 1
    assert not (await look_at(place)).queues


async def test_while_a_schedule_is_kept_or_somebody_consumes_nothing_is_taken_away(place: Place) -> None:
    await stop(place)
    engine = open_engine(place.database_url.reveal())
    queue = all_queues(place.instance)[0].name
    await PostgresSchedule(engine).register(queue)
    await engine.dispose()
    await statements(place.database_url.reveal(), ["update schedules set next_run_at = now() + interval '40 seconds'"])

    with pytest.raises(CommandError, match="a daemon works on it"):
        await take_away(place, ACT, discard_messages=True)
    await statements(place.database_url.reveal(), ["delete from schedules"])
    connection = await aio_pika.connect(place.broker_url.reveal())
    async with connection:
        channel = await connection.channel()
        held = await channel.get_queue(queue, ensure=False)
        await held.consume(ignore, no_ack=True)
        with pytest.raises(CommandError, match="a daemon works on it"):
            await take_away(place, ACT, discard_messages=True)

    assert (await look_at(place)).obstacles == []


async def test_the_command_shows_first_and_deletes_when_told(place: Place) -> None:
    environ = {
        "CONNECTOR_BROKER_URL": place.broker_url.reveal(),
        "CONNECTOR_DATABASE_URL": place.database_url.reveal(),
        "CONNECTOR_INSTANCE": place.instance,
    }
    shown = await run_command("uninstall", environ=environ)
    unasked = await run_command("uninstall", "--delete", "--yes", environ=environ)
    await stop(place)
    deleted = await run_command("uninstall", "--delete", "--yes", "--reason", "moved", environ=environ)

    assert shown.code == 0
    assert f"queue {place.instance}.to_magento.attribute: 0 messages" in shown.out
    assert "open dead letters: none" in shown.out
    assert (unasked.code, unasked.out.count("deleted")) == (1, 0)
    assert (deleted.code, deleted.out.splitlines()[-1]) == (0, "deleted")
    assert not (await look_at(place)).queues


async def test_a_broker_that_is_away_is_not_reachable(place: Place) -> None:
    away = Place(
        instance=place.instance, broker_url=Secret("amqp://guest:guest@127.0.0.1:9/"), database_url=place.database_url
    )

    with pytest.raises(NotReachable, match="the broker"):
        await look_at(away)
