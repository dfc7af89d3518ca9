"""The whole engine in this process, on a real broker and a real database: counts, lost leases, lost connections."""

import asyncio
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import pytest

from queues.settings import QueueProcessingSettings
from queues.verdicts import Refused, Unreachable
from tests.cases_file import CASES
from tests.proxy import proxied
from tests.server_engine import PATIENCE_SECONDS, SHORT_SPANS, Servers, Sink, all_settled, events

NO = Refused(error_class="validation", text="Invalid attribute SKU", status=200)
ONE_A_REQUEST = QueueProcessingSettings(threshold_count=0, batch_count=1, check_process_time=1, process_sleep_time=1)


@pytest.mark.parametrize(
    "case", CASES["plans"], ids=lambda case: "{waiting}-{threshold_count}-{batch_count}".format(**case)
)
async def test_the_requests_are_those_of_the_worked_example(case: dict[str, Any], servers: Servers) -> None:
    settings = QueueProcessingSettings(threshold_count=case["threshold_count"], batch_count=case["batch_count"])
    async with servers.engine(settings, interval_seconds=60) as engine:
        published = await engine.publish(events(case["waiting"]))
        async with engine.running():
            await engine.wait_until(lambda: bool(engine.checks))

        assert engine.sink.sizes == case["sizes"]
        assert (engine.checks[0].mode, engine.checks[0].waiting) == (case["mode"], case["waiting"])
        (await engine.account(published)).check(retry_count=1)


@pytest.mark.parametrize("retry_count", [1, 2, 3])
async def test_a_record_that_is_always_refused_makes_exactly_retry_count_requests(
    retry_count: int, servers: Servers
) -> None:
    settings = QueueProcessingSettings(retry_count=retry_count, check_process_time=59, process_sleep_time=1)
    async with servers.engine(settings, sink=Sink(script=lambda _message: NO)) as engine:
        published = await engine.publish(events(1))
        async with engine.running():
            await engine.wait_until(lambda: len(engine.checks) > retry_count)

        assert len(engine.sink.requests) == retry_count
        account = await engine.account(published)
        account.check(retry_count=retry_count, delivered=False)
        assert set(account.states.values()) == {"failed"}
        assert [check.retried + check.failed for check in engine.checks] == [1] * retry_count + [0]
        (letter,) = await engine.rows("select attempts, reason from dead_letters")
        assert (letter["attempts"], letter["reason"]) == (retry_count, "attempts_used_up")


async def test_a_worker_that_was_cut_off_is_taken_over_and_writes_nothing_when_it_is_back(servers: Servers) -> None:
    sink = Sink()
    first, second = sink.hold("AC-1002"), sink.hold("AC-1002", request=2)
    async with (
        proxied(servers.database_url) as (database, through_database),
        proxied(servers.broker_url) as (broker, through_broker),
        servers.engine(
            ONE_A_REQUEST,
            sink=sink,
            spans=SHORT_SPANS,
            through_database=through_database,
            through_broker=through_broker,
        ) as lost,
        servers.engine(ONE_A_REQUEST, sink=sink, spans=SHORT_SPANS) as successor,
    ):
        published = await lost.publish(events(6))
        async with lost.running() as working:
            await first.begun.wait()
            database.blackhole()
            broker.is_refusing = True
            broker.cut()
            async with successor.running():
                await second.begun.wait()
                taken = await successor.rows("select owner, state from ledger where key = 'AC-1002'")

                # The lost one gets its answer and its database back, and finds that its claim is another's now.
                database.heal()
                broker.heal()
                first.release.set()
                lost.stop.request()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await working
                assert await successor.rows("select owner, state from ledger where key = 'AC-1002'") == taken
                assert taken[0]["state"] == "trying"

                second.release.set()
                await all_settled(successor, published)

        account = await successor.account(published)
        assert account.outcomes["AC-1002"] == ["unknown", "delivered"]
        account.check(retry_count=3)


async def test_connections_to_the_database_that_are_cut_in_a_check_lose_and_double_nothing(servers: Servers) -> None:
    sink = Sink()
    hold = sink.hold("AC-1009")
    async with servers.engine(ONE_A_REQUEST, sink=sink) as engine:
        published = await engine.publish(events(50))
        async with engine.running():
            await hold.begun.wait()
            connection = await asyncpg.connect(servers.database_url)
            cut = await connection.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and application_name = 'am-connector'"
            )
            await connection.close()
            hold.release.set()
            await all_settled(engine, published)

        assert len(cut) >= 1
        (await engine.account(published)).check(retry_count=3)
        assert sink.sizes == [1] * 50


async def test_a_database_that_is_away_in_the_middle_lets_no_request_go_out_without_its_claim(
    servers: Servers,
) -> None:
    sink = Sink()
    hold = sink.hold("AC-1001")
    async with (
        proxied(servers.database_url) as (proxy, through),
        servers.engine(ONE_A_REQUEST, sink=sink, through_database=through) as engine,
    ):
        published = await engine.publish(events(250))
        async with engine.running():
            await hold.begun.wait()
            proxy.is_refusing = True
            proxy.cut()
            hold.release.set()
            refused = proxy.accepted
            async with asyncio.timeout(PATIENCE_SECONDS):
                while proxy.accepted < refused + 3:  # noqa: ASYNC110 - the proxy announces nothing
                    await asyncio.sleep(0.01)
            during = len(sink.requests)
            proxy.heal()
            await all_settled(engine, published)

        assert during < 250
        (await engine.account(published)).check(retry_count=3)


async def test_a_connection_to_the_broker_that_is_cut_in_a_check_loses_and_doubles_nothing(servers: Servers) -> None:
    sink = Sink()
    hold = sink.hold("AC-1009")
    async with (
        proxied(servers.broker_url) as (proxy, through),
        servers.engine(ONE_A_REQUEST, sink=sink, through_broker=through) as engine,
    ):
        published = await engine.publish(events(50))
        async with engine.running():
            await hold.begun.wait()
            proxy.cut()
            hold.release.set()
            await all_settled(engine, published)
            # Given back by the broker, the rest is acknowledged without a request: then a whole check finds nothing.
            await engine.wait_until(lambda: engine.checks[-1].waiting == 0 and not engine.checks[-1].ended_by)

        account = await engine.account(published)
        account.check(retry_count=1)
        assert sorted(sink.sizes) == [1] * 50
        assert "broker_unavailable" in {check.ended_by for check in engine.checks}


async def test_a_killed_worker_wastes_attempts_and_never_exceeds_the_budget(servers: Servers) -> None:
    sink = Sink(script=lambda _message: Unreachable(text="connection reset"))
    hold = sink.hold("AC-1002")
    settings = QueueProcessingSettings(
        threshold_count=0, batch_count=2, retry_count=2, check_process_time=1, process_sleep_time=1
    )
    async with servers.engine(settings, sink=sink, spans=SHORT_SPANS) as engine:
        published = await engine.publish(events(8))
        async with engine.running():
            await hold.begun.wait()
        async with servers.engine(settings, sink=sink, spans=SHORT_SPANS) as successor, successor.running():
            await all_settled(successor, published)

        account = await engine.account(published)
        account.check(retry_count=2, delivered=False)
        assert set(account.states.values()) == {"failed"}
        assert set(account.recorded.values()) == {2}
        assert len(await engine.rows("select from dead_letters where state = 'failed'")) == 8


async def test_two_workers_deliver_every_event_once_with_the_requests_of_one(servers: Servers) -> None:
    sink = Sink()
    settings = QueueProcessingSettings(check_process_time=1, process_sleep_time=1)
    async with (
        servers.engine(settings, sink=sink) as one,
        servers.engine(settings, sink=sink) as other,
    ):
        published = await one.publish(events(50))
        async with one.running(), other.running():
            await one.wait_until(lambda: len(one.checks) >= 1)
            await other.wait_until(lambda: sum(check.waiting for check in (*one.checks, *other.checks)) >= 50)

        assert sink.sizes == [25, 25]
        (await one.account(published)).check(retry_count=1)
