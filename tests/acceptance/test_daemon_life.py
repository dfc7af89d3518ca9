"""Start and stop: signals, exit codes, what is waited for, what is refused at once."""

import asyncio
import signal

import pytest

from deploy.local.ports import free_port
from queues.settings import QueueProcessingSettings
from tests.acceptance.daemon_process import run_command, running_daemon
from tests.acceptance.reconciliation import reconcile
from tests.acceptance.site import PRICING, TOKEN, Site, change, changes
from tests.acceptance.store import PRICES
from tests.proxy import proxied

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_stop_lets_requests_in_hand_finish_and_leaves_the_rest_waiting_uncharged(own_site: Site) -> None:
    since = await own_site.store.mark()
    async with own_site.connector() as connector:
        events = await connector.collect(PRICING, changes(PRICING, own_site.skus(20)))
        await own_site.store.fault("slow", seconds=0.5)
        await connector.api.post(f"queues/{PRICING}/resume")
        await connector.run(PRICING)
        await own_site.store.wait(2, PRICES, since=since)

        connector.daemon.terminate()
        code = await connector.daemon.exit_code()

        assert code == 0
        assert connector.daemon.lines("daemon.stopped")[0]["finished_in_time"] is True
    requests = await own_site.store.requests(PRICES, since=since)
    assert 3 <= len(requests) < 20
    assert all(each.status == 200 for each in requests)
    states = await own_site.rows(
        "select state, attempts, count(*) from ledger where queue = $1 group by state, attempts",
        own_site.queue(PRICING),
    )
    by_state = {(row["state"], row["attempts"]): row["count"] for row in states}
    kept = by_state.get(("waiting", 0), 0)
    assert by_state.keys() <= {("delivered", 1), ("waiting", 0)}
    assert by_state["delivered", 1] == len(requests)
    assert len(requests) + kept + await own_site.broker.ready(own_site.queue(PRICING)) == 20
    assert not await own_site.rows("select from attempts where outcome <> 'delivered'")

    await own_site.store.mend()
    async with own_site.connector() as connector:
        await connector.run_to_its_end(PRICING)
        assert await connector.daemon.stop() == 0
    (await reconcile(own_site, events, await own_site.store.requests(PRICES, since=since))).check(retry_count=1)


async def test_what_a_stop_leaves_at_the_broker_was_never_delivered(own_site: Site) -> None:
    since = await own_site.store.mark()
    async with own_site.connector() as connector:
        await connector.collect(PRICING, changes(PRICING, own_site.skus(1600)))
        await own_site.store.fault("slow", seconds=0.5)
        await connector.api.post(f"queues/{PRICING}/resume")
        await connector.run(PRICING)
        await own_site.store.wait(1, PRICES, since=since)

        assert await connector.daemon.stop() == 0

    await own_site.store.mend()
    left = await own_site.broker.empty(own_site.queue(PRICING))
    (kept,) = await own_site.rows(
        "select count(*) from ledger where queue = $1 and state = 'waiting'", own_site.queue(PRICING)
    )
    (done,) = await own_site.rows(
        "select count(*) from ledger where queue = $1 and state = 'delivered'", own_site.queue(PRICING)
    )
    assert left
    assert not any(each.redelivered for each in left)
    assert len(left) + kept["count"] + done["count"] == 1600


async def test_a_second_signal_hurries_the_stop(own_site: Site) -> None:
    async with own_site.connector() as connector:
        (sku,) = own_site.skus(1)
        await connector.collect(PRICING, changes(PRICING, [sku]))
        await own_site.store.fault("slow", seconds=30)
        await connector.api.post(f"queues/{PRICING}/resume")
        await connector.run(PRICING)
        await connector.api.until(f"queues/{PRICING}", lambda queue: queue["trying"] == 1)

        connector.daemon.terminate()
        await connector.daemon.wait_for("daemon.stopping")
        connector.daemon.terminate()
        code = await connector.daemon.exit_code()

        assert code == 1
        assert connector.daemon.lines("daemon.hurried")
    await own_site.store.mend()


async def test_without_a_store_it_starts_says_so_and_its_queues_collect(own_site: Site) -> None:
    async with own_site.connector(MAGENTO_URL="", MAGENTO_TOKEN="") as connector:
        await own_site.publish(changes(PRICING, own_site.skus(3)))
        await connector.wait_until_waiting(PRICING, 3)

        report = await connector.api.post("connections/magento/test")

        assert connector.daemon.lines("daemon.started")[0]["magento"] == "not connected"
        assert connector.daemon.lines("queue.not_connected", queue=own_site.queue(PRICING))
        assert (report["ok"], report["reason"]) == (False, "not_configured")
        assert await connector.daemon.stop() == 0


async def test_with_a_store_that_cannot_be_reached_it_starts_and_keeps_what_it_could_not_try(own_site: Site) -> None:
    await own_site.put_settings(QueueProcessingSettings(retry_count=1, check_process_time=1, process_sleep_time=1))
    async with own_site.connector(MAGENTO_URL=f"http://127.0.0.1:{free_port()}") as connector:
        await connector.collect(PRICING, changes(PRICING, own_site.skus(10)))
        run = await connector.run_to_its_end(PRICING)

        report = await connector.api.post("connections/magento/test")

        assert (report["ok"], report["reason"]) == (False, "unreachable")
        assert run["checks"][0]["requests"] == 5
        assert run["checks"][0]["ended_by"] == "target_unreachable"
        await connector.wait_until_waiting(PRICING, 5)
        assert await connector.daemon.stop() == 0


async def test_database_and_broker_are_waited_for(own_site: Site) -> None:
    async with (
        proxied(own_site.database_url) as (database, database_url),
        proxied(own_site.broker_url) as (broker, broker_url),
    ):
        database.is_refusing = broker.is_refusing = True
        settings = own_site.environment(DATABASE_URL=database_url, BROKER_URL=broker_url)
        async with running_daemon(settings) as daemon:
            await daemon.wait_for("database.awaited")
            database.is_refusing = False
            await daemon.wait_for("broker.lost")
            assert not daemon.lines("daemon.started")
            broker.is_refusing = False

            await daemon.wait_for("daemon.started")

            assert await daemon.stop() == 0


async def test_a_stop_while_it_still_waits_for_its_database_ends_at_once(own_site: Site) -> None:
    nobody = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    async with running_daemon(own_site.environment(DATABASE_URL=nobody)) as daemon:
        await daemon.wait_for("database.awaited")

        assert await daemon.stop() == 0


async def test_every_fault_of_the_configuration_is_named_at_once(own_site: Site) -> None:
    wrong = {
        "CONNECTOR_HTTP_PORT": "eighty",
        "CONNECTOR_MAGENTO_URL": "shop.example",
        "CONNECTOR_SCHEDUL_INTERVAL": "5",
        "CONNECTOR_ADMIN_TOKEN": "short",
    }

    ended = await run_command({**own_site.environment(BROKER_URL=""), **wrong}, "run")

    assert ended.code == 2
    for name in (*wrong, "CONNECTOR_BROKER_URL"):
        assert f"{name}: " in ended.errors
    assert "did you mean CONNECTOR_SCHEDULE_INTERVAL" in ended.errors
    assert "short" not in ended.errors
    assert "Traceback" not in ended.errors


async def test_a_database_without_the_schema_is_refused_with_what_to_do(own_site: Site, empty_database: str) -> None:
    async with running_daemon(own_site.environment(DATABASE_URL=empty_database)) as daemon:
        code = await daemon.exit_code()

    assert code == 1
    (line,) = daemon.lines("daemon.not_started")
    assert "am-connector migrate" in str(line["reason"])


async def test_without_a_token_one_is_made_and_shown_and_it_opens_the_door(own_site: Site) -> None:
    async with running_daemon(own_site.environment(ADMIN_TOKEN="")) as daemon:
        await daemon.wait_for("daemon.started")
        token = await daemon.token()
        settings = {"CONNECTOR_ADMIN_TOKEN": token}

        listed = await run_command(settings, "queues", "--json", "--url", await daemon.address())
        refused = await run_command({"CONNECTOR_ADMIN_TOKEN": TOKEN}, "queues", "--url", await daemon.address())

        assert listed.code == 0
        assert PRICING in listed.out
        assert refused.code == 2
        assert token not in "\n".join(str(line) for line in daemon.log)
        daemon.send(signal.SIGINT)
        assert await daemon.exit_code() == 0


async def test_two_who_start_and_migrate_at_once_do_not_disturb_each_other(own_site: Site, empty_database: str) -> None:
    settings = own_site.environment(DATABASE_URL=empty_database)

    ended = await asyncio.gather(*(run_command(settings, "migrate") for _ in range(3)))

    assert [each.code for each in ended] == [0, 0, 0]
    async with running_daemon(settings) as daemon:
        await daemon.wait_for("daemon.started")
        assert await daemon.stop() == 0


async def test_readiness_turns_first_when_it_stops(own_site: Site) -> None:
    async with own_site.connector() as connector:
        (sku,) = own_site.skus(1)
        await connector.collect(PRICING, [change(PRICING, sku)])
        await own_site.store.fault("slow", seconds=30)
        await connector.api.post(f"queues/{PRICING}/resume")
        await connector.run(PRICING)
        await connector.api.until(f"queues/{PRICING}", lambda queue: queue["trying"] == 1)
        assert (await connector.api.call("GET", "/health/ready")).status == 200

        connector.daemon.terminate()
        await connector.daemon.wait_for("daemon.stopping")
        answer = await connector.api.call("GET", "/health/ready")

        assert answer.status == 503
        assert answer.document["checks"]["running"] == {"ok": False, "reason": "stopping"}
    await own_site.store.mend()
