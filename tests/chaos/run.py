"""One chaos run: everything is started, messages flow, faults happen, everything heals, and the checker looks."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import aiohttp

from deploy.local.services import throw_away_home
from queues.postgres.audit import Act
from queues.postgres.engine import open_engine
from queues.postgres.settings import PostgresSettings
from queues.settings import QueueProcessingSettings
from tests.acceptance.site import INVENTORY, PRICING, PRODUCT_STATUS, TOKEN
from tests.chaos.checker import Findings, check
from tests.chaos.evidence import gather_evidence, until_quiet
from tests.chaos.faults import HARD_KILL, Planned, plan_faults, unleash
from tests.chaos.history import History
from tests.chaos.members import Start, open_members, save_logs
from tests.chaos.people import People
from tests.chaos.producers import Producers
from tests.chaos.servers import Servers, open_servers
from tests.chaos.shop import open_shop
from tests.chaos.world import World

INSTANCE: Final = "chaos"
QUEUES: Final = tuple(f"{INSTANCE}.{name}" for name in (PRICING, INVENTORY, PRODUCT_STATUS, "unrouted", "dead"))
NAMES: Final = ("one", "two")
QUIET_SECONDS: Final = 600.0
"""Everything has healed: what is not finished by then never will be."""
LONGEST_SHARE: Final = 0.25
"""Of the time of faults that a single one may last."""

REQUEST_SECONDS: Final = 2
DAEMON: Final[Mapping[str, str]] = {
    "HTTP_PORT": "0",
    "ADMIN_TOKEN": TOKEN,
    "MAGENTO_TOKEN": "chaos",
    "MAGENTO_CONNECT_TIMEOUT": "1",
    "MAGENTO_TIMEOUT": str(REQUEST_SECONDS),
    "SCHEDULE_INTERVAL": "1",
    "SHUTDOWN_GRACE": "10",
    "LOG_FORMAT": "json",
}
_FIRST: Final = QueueProcessingSettings(threshold_count=10, batch_count=25, check_process_time=1, process_sleep_time=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What a run is made of.

    Attributes:
        seconds: in which faults happen; starting, healing and looking come on top.
        messages: published in them.
        faults: planned; those that cannot be done when their time has come are left out.
    """

    seed: int
    seconds: float
    messages: int
    faults: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run has come to."""

    plan: Plan
    broker_version: str
    history: History
    findings: Findings


async def run(plan: Plan, *, home: Path, tell: Callable[[str], None], start: Start | None = None) -> Outcome:
    """
    Make the run.

    Args:
        plan: of it.
        home: where the logs of the daemons are kept.
        tell: told how it goes.
        start: of the daemons, as `open_members` takes it.
    """
    faults = plan_faults(Random(plan.seed), seconds=plan.seconds, count=plan.faults)
    async with _world(plan, home, start) as world:
        servers, history = world.servers, world.history
        version = await servers.version()
        if any(fault.name == HARD_KILL for fault in faults):
            # 3.10 can lose a fresh quorum queue when it is killed within seconds of the queue's declaration.
            await servers.restart_broker(hard=False)
        tell(f"two daemons on RabbitMQ {version}; {plan.messages} messages and faults for {plan.seconds:g} s")
        await _unleash(world, plan, faults)
        tell(f"{len(history.faults)} faults done; everything heals")
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await until_quiet(servers)
        except TimeoutError:
            tell("after everything had healed something was still under way")
        history.last_exit_codes += await asyncio.gather(*(member.leave() for member in world.members))
        # Nobody has anything in hand any more: all that is left is ready.
        evidence = await gather_evidence(servers, await servers.ready(QUEUES))
        return Outcome(plan=plan, broker_version=version, history=history, findings=check(history, evidence))


@asynccontextmanager
async def _world(plan: Plan, home: Path, start: Start | None) -> AsyncIterator[World]:
    """Have everything of a run, the daemons at work."""
    history = History(request_seconds=REQUEST_SECONDS)
    async with AsyncExitStack() as stack:
        place = stack.enter_context(throw_away_home(home))
        servers = await stack.enter_async_context(open_servers(place))
        await put_settings(servers.database.url, _FIRST)
        history.retry_counts.add(_FIRST.retry_count)
        shop = await stack.enter_async_context(open_shop(Random(f"shop {plan.seed}"), history, NAMES))
        environments = {name: _environment(servers, shop.urls[name]) for name in NAMES}
        members = await stack.enter_async_context(
            open_members(NAMES, environments, history=history, home=home, start=start)
        )
        stack.callback(save_logs, members, home)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        people = Random(f"people {plan.seed}")
        supervising = [asyncio.create_task(each.supervise(), name=each.name) for each in members]
        stack.push_async_callback(_end, supervising)
        async with asyncio.timeout(QUIET_SECONDS):
            await asyncio.gather(*(each.until_started() for each in members))
        yield World(
            servers=servers,
            members=members,
            shop=shop,
            people=People(random=people, history=history, members=members, session=session),
            history=history,
            longest_seconds=plan.seconds * LONGEST_SHARE,
        )


async def _unleash(world: World, plan: Plan, faults: list[Planned]) -> None:
    producers = Producers(
        random=Random(f"producers {plan.seed}"),
        history=world.history,
        shop=world.shop,
        members=world.members,
        broker_url=world.servers.broker.url,
        instance=INSTANCE,
    )
    async with asyncio.TaskGroup() as under_way:
        # Messages come until shortly before the end, so that the last faults find some on their way.
        producing = under_way.create_task(producers.produce(plan.messages, plan.seconds * 0.9))
        world.history.began = time.monotonic()
        await unleash(world, faults)
        await _heal(world)
        await producing


async def _heal(world: World) -> None:
    world.shop.is_healed, world.shop.is_down, world.shop.is_closed = True, False, False
    for member in world.members:
        member.broker.heal()
        member.database.heal()
    await world.servers.revive()
    await world.people.resume_everything()


def _environment(servers: Servers, shop_url: str) -> dict[str, str]:
    return environment(
        INSTANCE=INSTANCE,
        BROKER_URL=servers.broker.url,
        DATABASE_URL=servers.database.url,
        MAGENTO_URL=shop_url,
    )


def environment(**settings: str) -> dict[str, str]:
    """Give a daemon's environment; *settings* without their prefix."""
    return {f"CONNECTOR_{name}": value for name, value in {**DAEMON, **settings}.items()}


async def put_settings(database_url: str, settings: QueueProcessingSettings) -> None:
    """Put *settings* in force before there is a daemon."""
    engine = open_engine(database_url)
    try:
        await PostgresSettings(engine).save_queue_processing(settings, Act(actor="chaos", reason="", request_id=""))
    finally:
        await engine.dispose()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
