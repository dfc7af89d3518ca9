"""From one release to the next: side by side, one after the other, and not backwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from queues.postgres.migrate import check_models, newest_revision, over_locked_connection
from tests.acceptance.api import api_client
from tests.acceptance.daemon_process import run_command, running_daemon
from tests.acceptance.earlier_code import unpack_earlier_code
from tests.acceptance.reconciliation import reconcile
from tests.acceptance.site import INVENTORY, PRICING, PRODUCT_STATUS, TOKEN, Connector, Site, change, changes
from tests.acceptance.store import PRICES, PRODUCTS, STOCK
from tests.services import ROOT, statements

pytestmark = pytest.mark.asyncio(loop_scope="module")

TICK = {"SCHEDULE_INTERVAL": "1"}
FIRST_SCHEMA = "a1f0c3d5e7b9"
ROWS_OF_THE_FIRST_SCHEMA = Path(__file__).with_name("first_schema_rows.sql")


@pytest.fixture
def fresh_site(own_site: Site, empty_database: str) -> Site:
    """The same broker and store with a database that nobody has migrated."""
    return Site(
        broker_url=own_site.broker_url,
        database_url=empty_database,
        instance=own_site.instance,
        store=own_site.store,
        broker=own_site.broker,
    )


@asynccontextmanager
async def earlier_connector(site: Site, code: Path) -> AsyncIterator[Connector]:
    """Have a daemon of the earlier code work at *site*."""
    async with running_daemon({**site.environment(**TICK), "PYTHONPATH": str(code)}) as daemon:
        await daemon.wait_for("daemon.started")
        async with api_client(await daemon.address(), TOKEN) as api:
            yield Connector(site=site, daemon=daemon, api=api)


def to_first_schema(connection: Connection) -> None:
    """Migrate to the first schema only."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(ROOT / "migrations"))
    command.upgrade(config, FIRST_SCHEMA)


async def run_to_the_end(site: Site) -> tuple[int, bool]:
    """Start a daemon that cannot run here; give its exit code, and whether it said what to type."""
    async with running_daemon(site.environment()) as daemon:
        code = await daemon.exit_code()
    (line,) = daemon.lines("daemon.not_started")
    return code, "run `am-connector migrate`" in str(line["reason"])


async def revision(site: Site) -> str:
    (row,) = await site.rows("select version_num from alembic_version")
    return str(row["version_num"])


async def test_a_daemon_of_the_earlier_code_and_one_of_this_work_side_by_side(fresh_site: Site, tmp_path: Path) -> None:
    site = fresh_site
    unpack_earlier_code(tmp_path)
    since = await site.store.mark()
    skus = site.skus(90)
    bad = skus[0]
    await site.store.reject(bad)

    migrated = await run_command({**site.environment(), "PYTHONPATH": str(tmp_path)}, "migrate")
    before = await revision(site)
    async with earlier_connector(site, tmp_path) as earlier:
        await earlier.api.put_settings(check_process_time=1, process_sleep_time=1, retry_count=2)
        events = await site.publish(changes(PRICING, skus[:30]))
        await site.store.wait(1, PRICES, since=since)
        upgraded, more = await asyncio.gather(
            run_command(site.environment(), "migrate"), site.publish(changes(PRICING, skus[30:60]))
        )
        assert upgraded.code == 0, upgraded
        async with site.connector(**TICK) as later:
            events = [*events, *more, *await site.publish(changes(PRICING, skus[60:]))]
            letter = await later.letter_of(bad)
            seen_before = await earlier.letter_of(bad)
            for each in (earlier, later):
                await each.wait_until_waiting(PRICING, 0)
                await each.further_runs(PRICING, 2)
            codes = [await earlier.daemon.stop()]
            await site.store.accept(bad)
            await later.api.post(f"dead-letters/{letter['id']}/reprocess")
            await later.letter_of(bad, state="reprocessed")
            codes.append(await later.daemon.stop())
        lines = [*earlier.daemon.log, *later.daemon.log]

    assert (migrated.code, codes) == (0, [0, 0])
    assert before != await revision(site) == newest_revision()
    assert seen_before["id"] == letter["id"]
    assert {line["event"] for line in lines if line["level"] in {"error", "critical"}} == {"message.failed"}
    (await reconcile(site, events, await site.store.requests(PRICES, since=since))).check(retry_count=2)


async def test_what_a_daemon_of_the_first_schema_left_behind_is_gone_on_with(fresh_site: Site) -> None:
    site = fresh_site
    await over_locked_connection(site.database_url, to_first_schema)
    rows = ROWS_OF_THE_FIRST_SCHEMA.read_text().replace("INSTANCE", site.instance)
    await statements(site.database_url, [rows, "update schedules set next_run_at = now()"])
    in_hand = replace(change(PRODUCT_STATUS, "AC-1007"), id="8e5965759f72417b9965caf31b5c035e")
    since = await site.store.mark()

    refused = await run_to_the_end(site)
    migrated = await run_command(site.environment(), "migrate")
    async with site.connector(**TICK, RETENTION_DAYS="3650") as connector:
        await site.publish([in_hand])  # as the broker does with what the killed daemon had not acknowledged
        requests = await site.store.wait(1, PRODUCTS, since=since)
        requests += await site.store.wait(1, STOCK, since=since)
        settings = await connector.api.get("settings/queue-processing")
        letters = {each["key"]: each for each in await connector.letters()}
        await connector.api.post(f"dead-letters/{letters['AC-1002']['id']}/reprocess")
        await connector.letter_of("AC-1002", state="reprocessed")
        for kind in (INVENTORY, PRODUCT_STATUS):
            await connector.wait_until_waiting(kind, 0)
        assert await connector.daemon.stop() == 0

    assert refused == (1, True)
    assert migrated.code == 0
    assert {sku for each in requests for sku in each.skus} == {"AC-1005", "AC-1007"}
    assert (settings["retry_count"], settings["batch_count"]) == (3, 10)
    assert {key: each["state"] for key, each in letters.items()} == {
        "AC-1002": "failed",
        "AC-1003": "discarded",
        "AC-1004": "reprocessed",
        None: "failed",
    }
    ends = await site.rows("select key, generation, state, attempts from ledger where queue <> $1", site.queue(PRICING))
    # One attempt before and one after; of the one that was cut off nobody knows the outcome, and it counts.
    assert {(each["key"], each["state"], each["attempts"]) for each in ends} >= {
        ("AC-1005", "delivered", 2),
        ("AC-1007", "delivered", 2),
    }
    await check_models(site.database_url)


async def test_a_schema_of_a_later_release_is_refused_with_what_to_do_and_left_alone(own_site: Site) -> None:
    await own_site.rows("update alembic_version set version_num = 'fedcba987654'")

    async with running_daemon(own_site.environment()) as daemon:
        code = await daemon.exit_code()
    migrated = await run_command(own_site.environment(), "migrate")

    assert (code, migrated.code) == (2, 2)
    (line,) = daemon.lines("daemon.not_started")
    for text in (str(line["reason"]), migrated.errors):
        assert "fedcba987654, which a later release made" in text
        assert "start that release" in text
    assert "Traceback" not in "\n".join([*daemon.text, migrated.errors])
    assert await revision(own_site) == "fedcba987654"
