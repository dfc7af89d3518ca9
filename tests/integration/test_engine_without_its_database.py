"""The whole engine while the database is away, full, or answers too late: what is sent, charged, delivered."""

import asyncio

from queues.settings import QueueProcessingSettings
from tests.proxy import Proxy, proxied
from tests.server_engine import PATIENCE_SECONDS, SHORT_SPANS, Servers, Sink, all_settled, events
from tests.services import statements

ONE_ATTEMPT = QueueProcessingSettings(
    threshold_count=0, batch_count=1, retry_count=1, check_process_time=1, process_sleep_time=1
)
NEVER_MIND = "drop trigger disk_full on ledger"
DISK_FULL = """
    create function full_disk() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
    create trigger disk_full before insert or update on ledger execute function full_disk()
"""


async def tried_again(proxy: Proxy, times: int) -> None:
    """Wait until the engine has asked for so many connections in vain."""
    before = proxy.accepted
    async with asyncio.timeout(PATIENCE_SECONDS):
        while proxy.accepted < before + times:  # noqa: ASYNC110 - the proxy announces nothing
            await asyncio.sleep(0.01)


async def test_no_attempt_is_made_while_the_database_is_away_at_the_start_of_a_run(servers: Servers) -> None:
    async with (
        proxied(servers.database_url) as (proxy, through),
        servers.engine(ONE_ATTEMPT, through_database=through) as engine,
    ):
        published = await engine.publish(events(5))
        proxy.is_refusing = True
        proxy.cut()
        async with engine.running():
            await tried_again(proxy, 2)
            during = list(engine.sink.requests)
            proxy.heal()
            await all_settled(engine, published)

        assert during == []
        (await engine.account(published)).check(retry_count=1)


async def test_a_last_attempt_the_database_never_heard_the_end_of_is_failed_and_not_made_again(
    servers: Servers,
) -> None:
    sink = Sink()
    hold = sink.hold("AC-1000")
    async with (
        proxied(servers.database_url) as (proxy, through),
        servers.engine(ONE_ATTEMPT, sink=sink, spans=SHORT_SPANS, through_database=through) as engine,
        servers.engine(ONE_ATTEMPT, sink=sink, spans=SHORT_SPANS) as successor,
    ):
        published = await engine.publish(events(1))
        async with engine.running():
            await hold.begun.wait()
            proxy.is_refusing = True
            proxy.cut()
            hold.release.set()
            async with successor.running():
                await all_settled(successor, published)

        (letter,) = await successor.rows("select key, attempts, reason from dead_letters")
        assert (letter["key"], letter["attempts"], letter["reason"]) == ("AC-1000", 1, "outcome_unknown")
        account = await successor.account(published)
        account.check(retry_count=1, delivered=False)
        assert account.requests["AC-1000"] == 1
        assert account.outcomes["AC-1000"] == ["unknown"]


async def test_commits_whose_answers_are_lost_make_no_second_request_and_lose_nothing(servers: Servers) -> None:
    """Whatever was being written: the beginning of a run, a claim, outcomes, the record of a check."""
    settings = QueueProcessingSettings(
        threshold_count=0, batch_count=1, retry_count=9, check_process_time=1, process_sleep_time=1
    )
    async with (
        proxied(servers.database_url) as (proxy, through),
        servers.engine(settings, spans=SHORT_SPANS, through_database=through) as engine,
    ):
        published = await engine.publish(events(40))
        proxy.commits_to_lose, proxy.commits_between = 8, 2
        async with engine.running():
            await all_settled(engine, published)

        assert proxy.commits_lost >= 4
        (await engine.account(published)).check(retry_count=9)
        assert sorted(engine.sink.requests) == sorted((each.subject,) for each in published)


async def test_a_full_disk_of_the_database_stops_the_sending_and_loses_nothing(servers: Servers) -> None:
    async with servers.engine(ONE_ATTEMPT) as engine:
        published = await engine.publish(events(5))
        await statements(servers.database_url, [DISK_FULL])
        async with engine.running():
            await engine.wait_until(lambda: len(engine.checks) >= 2)
            during = list(engine.sink.requests)
            await statements(servers.database_url, [NEVER_MIND])
            await all_settled(engine, published)

        assert during == []
        assert {check.ended_by for check in engine.checks[:2]} == {"database_unavailable"}
        (await engine.account(published)).check(retry_count=1)
