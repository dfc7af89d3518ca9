"""
The checker of the chaos runs must be able to fail: daemons with one deliberate fault each are caught by it.

Nothing is left to chance: each fault meets its moment by a failpoint or by what the shop does, and the sound daemon
goes through the same without breaking a rule. (Sound ones never come to where those without a lease are caught.)
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints
import pytest

from queues.message import encode, identify
from queues.settings import QueueProcessingSettings
from tests.acceptance.daemon_process import PATIENCE_SECONDS, Daemon, running_daemon
from tests.acceptance.forked_daemon import forked_daemon
from tests.acceptance.site import PRODUCT_STATUS, change
from tests.broker_queues import BrokerQueues, broker_queues
from tests.chaos.checker import Findings, check
from tests.chaos.evidence import gather_evidence, until_quiet
from tests.chaos.history import History
from tests.chaos.run import environment, put_settings
from tests.chaos.shop import Act, Shop, open_shop

BROKEN = Path(__file__).resolve().parents[1] / "chaos" / "broken.py"
MEMBERS = ("one", "two")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Two servers that others use as well, a shop, a queue, and what was published."""

    broker_url: str
    database_url: str
    instance: str
    fault: str | None
    queues: BrokerQueues
    shop: Shop
    history: History

    @property
    def queue(self) -> str:
        return f"{self.instance}.{PRODUCT_STATUS}"

    async def rows(self, statement: str, *values: object) -> Sequence[Mapping[str, Any]]:
        connection = await asyncpg.connect(self.database_url)
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def depths(self) -> Mapping[str, int]:
        # A broker that others use as well tells us of what is ready only: what no table knows is in somebody's hand.
        known = await self.rows("select message_id from ledger union select message_id from dead_letters")
        in_hand = len(self.history.publications) - len(known)
        return {self.queue: await self.queues.ready(self.queue), "in somebody's hand": in_hand}

    async def publish(self, number: int, *acts: Act, retry_count: int = 5, **arguments: int) -> None:
        """
        Have status changes wait, each of a product of its own, before there is a daemon.

        Args:
            number: of them.
            acts: of the shop, the same for each.
            retry_count: put in force.
            arguments: of the queue, beside those that the daemon gives it.
        """
        self.history.retry_counts.add(retry_count)
        settings = QueueProcessingSettings(retry_count=retry_count, check_process_time=1, process_sleep_time=1)
        await put_settings(self.database_url, settings)
        await self.queues.declare(self.queue, x_dead_letter_exchange=f"{self.instance}.dead", **arguments)
        bodies = []
        for each in range(number):
            event = change(PRODUCT_STATUS, f"C{each}")
            body = encode(event)
            message_id = identify(event.source, event.id, body)
            self.shop.script(event.subject, acts)
            self.history.publications[message_id] = "confirmed"
            self.history.keys[message_id] = event.subject
            bodies.append(body)
        await self.queues.publish(self.queue, bodies)

    def life(self, member: str = "one", *, traps: str = "") -> AbstractAsyncContextManager[Daemon]:
        """Have a daemon with the fault, which is killed at *traps*."""
        settings = environment(
            INSTANCE=self.instance,
            BROKER_URL=self.broker_url,
            DATABASE_URL=self.database_url,
            MAGENTO_URL=self.shop.urls[member],
            MAGENTO_TIMEOUT=f"{self.history.request_seconds:g}",
            SHUTDOWN_GRACE=f"{self.history.request_seconds + 10:g}",
            FAILPOINTS=traps,
        )
        if self.fault is None:
            return forked_daemon(settings)
        return running_daemon(settings, program=[sys.executable, str(BROKEN), self.fault])

    async def until_requests(self, count: int) -> None:
        """Return when the shop has been asked so often."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.shop.until_requests(count)

    async def until_quiet(self) -> None:
        """Return when nothing waits and nothing is being tried."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until_quiet(self)

    async def findings(self) -> Findings:
        """Have the checker look."""
        return check(self.history, await gather_evidence(self, await self.depths()))


@asynccontextmanager
async def scene(case: "Case", *, broker_url: str, database_url: str, instance: str) -> AsyncIterator[Scene]:
    """Have everything but daemons."""
    history = History(request_seconds=case.request_seconds)
    async with broker_queues(broker_url) as queues, open_shop(Random(0), history, MEMBERS) as shop:
        yield Scene(
            broker_url=broker_url,
            database_url=database_url,
            instance=instance,
            fault=case.fault,
            queues=queues,
            shop=shop,
            history=history,
        )


async def killed_before_outcomes_are_written(scene: Scene) -> None:
    """Kill the daemon while it writes the first outcomes, and let another take over."""
    await scene.publish(8, "ok")
    async with scene.life(traps="settle.uncommitted=kill") as daemon:
        assert await daemon.exit_code() == -9
    async with scene.life():
        await scene.until_quiet()


async def broken_off_before_the_answer(scene: Scene) -> None:
    """Break the connection of every product's first request off."""
    await scene.publish(8, "reset after", "ok")
    async with scene.life():
        await scene.until_quiet()


async def another_comes_during_a_request(scene: Scene) -> None:
    """Start another daemon while the first one makes a second attempt, which the shop answers only to go on."""
    await scene.publish(1, "refuse", "hold", "ok")
    async with scene.life("one"):
        await scene.until_requests(2)
        async with scene.life("two"):
            await scene.until_requests(3)
            await scene.until_quiet()


async def the_shop_is_away_for_two_checks(scene: Scene) -> None:
    """End two checks early, with messages in hand that neither has tried, at a broker that bears one return."""
    scene.shop.is_down = True
    await scene.publish(60, "ok", retry_count=1, x_delivery_limit=1)
    async with scene.life() as daemon:
        await daemon.wait_for("check.finished", count=2, ended_by="target_unreachable")
        scene.shop.is_down = False
        await scene.until_quiet()


Scenario = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    A fault in the daemons, and what shows it.

    Attributes:
        fault: one of tests/chaos/broken.py; None: the daemons are sound.
        rule: of the checker, broken by it; None: none.
        request_seconds: what a daemon gives the shop for an answer; its claims hold three times as long.
    """

    fault: str | None
    scenario: Scenario
    rule: str | None
    request_seconds: float = 1

    @property
    def name(self) -> str:
        return f"{self.fault or 'sound'}, {self.scenario.__name__}"


CASES = [
    Case(fault="acknowledge before settle", scenario=killed_before_outcomes_are_written, rule="lost"),
    Case(fault="count after", scenario=killed_before_outcomes_are_written, rule="unrecorded"),
    Case(fault=None, scenario=killed_before_outcomes_are_written, rule=None),
    Case(fault="silent resend", scenario=broken_off_before_the_answer, rule="unrecorded"),
    Case(fault=None, scenario=broken_off_before_the_answer, rule=None),
    # Long enough for any machine to start the second daemon meanwhile; nobody waits for it to pass.
    Case(fault="no lease", scenario=another_comes_during_a_request, rule="overlapping", request_seconds=120),
    Case(fault="requeue", scenario=the_shop_is_away_for_two_checks, rule="given up by the broker"),
    Case(fault=None, scenario=the_shop_is_away_for_two_checks, rule=None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.asyncio(loop_scope="function")
async def test_a_broken_daemon_turns_the_checker_red_and_a_sound_one_does_not(
    case: Case, broker_url: str, database: str, instance: str
) -> None:
    async with scene(case, broker_url=broker_url, database_url=database, instance=instance) as made:
        await case.scenario(made)
        broken = (await made.findings()).broken()

    assert case.rule in broken if case.rule else not broken, broken
