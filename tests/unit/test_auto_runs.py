"""Starts nobody asks for: what the settings plan, and that each is made once."""

from collections.abc import Sequence
from datetime import timedelta

from daemon.capture.auto_runs import AutoRuns
from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.named_syncs import PlannedStart, named_syncs, planned_starts
from daemon.sync.websites import anywhere
from queues.postgres.audit import Act
from tests.fakes.capture_stores import FakeSyncSchedules
from tests.fakes.clock import FakeClock

CARRIED = ("to_magento.product", "to_magento.pricing", "to_magento.inventory", "to_magento.order_status")


def settings(**groups: object) -> ConnectorSettings:
    return ConnectorSettings.from_document(groups)


def planned(given: ConnectorSettings) -> dict[tuple[str, str], str]:
    starts = planned_starts(named_syncs(CARRIED), given)
    return {(each.sync, each.purpose): f"{each.kind}, {each.times.rule}" for each in starts}


def test_only_enabled_syncs_start_by_themselves() -> None:
    assert planned(settings()) == {}


def test_without_auto_cron_the_catch_up_looks_for_changes_and_with_it_the_schedule_does() -> None:
    given = settings(
        syncs={
            "product": {"enabled": True},
            "inventory_price": {"enabled": True, "auto_cron": True, "frequency": "every 2 hours"},
            "order": {"enabled": True, "auto_cron": True, "cron": "*/5 * * * *", "frequency": "daily"},
        },
        time={"zone": "Europe/Berlin"},
    )

    assert planned(given) == {
        ("product", "catch_up"): "changes, every 15 minutes",
        ("product", "comparison"): "complete, cron 0 3 * * * (Europe/Berlin)",
        ("inventory_price", "auto_cron"): "changes, every 2 hours from 00:00:00 (Europe/Berlin)",
        ("inventory_price", "comparison"): "complete, cron 0 3 * * * (Europe/Berlin)",
        ("order", "auto_cron"): "changes, cron */5 * * * * (Europe/Berlin)",
        ("order", "comparison"): "complete, cron 0 3 * * * (Europe/Berlin)",
    }


def test_what_is_not_wanted_is_not_planned() -> None:
    given = settings(
        syncs={"product": {"enabled": True}, "customer": {"enabled": True}},
        catch_up={"every_minutes": 0, "comparison": "never"},
    )

    assert planned(given) == {}


def test_a_website_alone_makes_its_sync_run_and_the_default_says_when() -> None:
    def told(carried: str, **sync: object) -> ConnectorSettings:
        website = {"syncs": {"inventory_price": {"enabled": True, "what": carried}}}
        return anywhere(
            SettingsDocument.from_document(
                {
                    "syncs": {"inventory_price": sync},
                    "scopes": [
                        {"code": "eu", "kind": "website", "overrides": website},
                        {"code": "eu_en", "kind": "store_view", "website": "eu"},
                    ],
                }
            )
        )

    alone = told("inventory", auto_cron=True, frequency="daily")
    wider = told("price", enabled=True, what="inventory")
    same = told("both", enabled=True)

    assert planned(alone)["inventory_price", "auto_cron"] == "changes, daily from 00:00:00 (UTC)"
    assert [each.syncs.inventory_price.what for each in (alone, wider, same)] == ["inventory", "both", "both"]
    assert planned(anywhere(SettingsDocument())) == {}


class Bench:
    """Auto runs with everything around them."""

    def __init__(self, given: ConnectorSettings) -> None:
        self.settings = given
        self.schedules = FakeSyncSchedules()
        self.auto = AutoRuns(self.schedules, self, clock=FakeClock())

    async def planned(self) -> Sequence[PlannedStart]:
        return planned_starts(named_syncs(CARRIED), self.settings)

    async def looks_after(self, span: timedelta) -> list[tuple[str, str, str]]:
        """Look once, so much later; give the runs asked for so far."""
        self.schedules.now += span
        await self.auto.look()
        return [(each.sync, each.kind, each.actor) for each in self.schedules.runs.runs.values()]


PRODUCT = settings(syncs={"product": {"enabled": True}}, catch_up={"comparison": "never"})


async def test_a_sync_that_was_just_enabled_starts_when_its_time_comes() -> None:
    bench = Bench(PRODUCT)

    at_once = await bench.looks_after(timedelta(0))
    early = await bench.looks_after(timedelta(minutes=14))
    due = await bench.looks_after(timedelta(minutes=1))

    assert (at_once, early, due) == ([], [], [("product", "changes", "catch-up")])


async def test_missed_starts_are_made_up_for_once() -> None:
    bench = Bench(PRODUCT)
    await bench.looks_after(timedelta(0))

    after_a_week = await bench.looks_after(timedelta(days=7))
    again = await bench.looks_after(timedelta(seconds=2))

    assert len(after_a_week) == len(again) == 1


async def test_while_a_run_is_open_a_start_is_passed_over() -> None:
    bench = Bench(PRODUCT)
    await bench.looks_after(timedelta(0))
    await bench.schedules.runs.ask("product", "complete", Act(actor="Dana"))

    runs = await bench.looks_after(timedelta(minutes=15))
    (start,) = bench.schedules.starts.values()

    assert [actor for *_, actor in runs] == ["Dana"]
    assert start.next_run_at == bench.schedules.now + timedelta(minutes=15)


async def test_another_schedule_begins_at_once_and_one_that_was_switched_off_is_forgotten() -> None:
    bench = Bench(PRODUCT)
    await bench.looks_after(timedelta(0))

    bench.settings = settings(
        syncs={"product": {"enabled": True}}, catch_up={"every_minutes": 3, "comparison": "never"}
    )
    await bench.looks_after(timedelta(0))
    (start,) = bench.schedules.starts.values()
    changed = start.next_run_at
    bench.settings = settings()
    nothing = await bench.looks_after(timedelta(minutes=30))

    assert changed == bench.schedules.now - timedelta(minutes=27)
    assert (nothing, bench.schedules.starts) == ([], {})
