"""
The faults of a run: which, when and to whom is the seed's choice, made before the first of them happens.

Each is a coroutine that does it, waits and undoes it. It tells what it did, or None when it could not be done (the
broker was down when its alarm was to be raised): only what was really done is counted.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints

from deploy.local.faults import ServerFailedError
from tests.chaos.world import World
from tests.proxy import Proxy

Fault = Callable[[World, Random], Awaitable[str | None]]

# --- daemons ----------------------------------------------------------------------------------------------------------


async def kill_daemon(world: World, random: Random) -> str | None:
    member = world.any_member(random)
    if member.busy.locked():
        return None
    async with member.busy:
        return member.name if await member.kill(down_seconds=world.span(random, 0, 0, 1, 8)) else None


async def kill_both_daemons(world: World, random: Random) -> str | None:
    down = world.span(random, 0, 2)
    if any(member.busy.locked() for member in world.members):
        return None
    ended = await asyncio.gather(*(member.kill(down_seconds=down) for member in world.members))
    return "both" if any(ended) else None


async def freeze_daemon(world: World, random: Random) -> str | None:
    member = world.any_member(random)
    seconds = world.span(random, 0.3, 3, 9, 20)
    if member.busy.locked():
        return None
    async with member.busy:
        return f"{member.name} for {seconds:g} s" if await member.freeze(seconds) else None


async def stop_daemon(world: World, random: Random) -> str | None:
    member = world.any_member(random)
    if member.busy.locked():
        return None
    async with member.busy:
        return member.name if await member.stop(down_seconds=0) else None


async def step_clock(world: World, random: Random) -> str | None:
    member = world.any_member(random)
    if member.clock is None:
        return None
    seconds = random.choice((-86_400, -3_600, -30, -2, 2, 30, 3_600, 86_400))
    member.set_clock(seconds)
    await asyncio.sleep(world.span(random, 1, 5, 15))
    member.set_clock(0)
    return f"{member.name} by {seconds} s and back"


# --- broker -----------------------------------------------------------------------------------------------------------


async def kill_broker(world: World, _random: Random) -> str | None:
    return await _restart_broker(world, hard=True)


async def restart_broker(world: World, _random: Random) -> str | None:
    return await _restart_broker(world, hard=False)


async def _restart_broker(world: World, *, hard: bool) -> str | None:
    if world.servers.broker_busy.locked():
        return None
    async with world.servers.broker_busy:
        await world.servers.restart_broker(hard=hard)
    return "hard" if hard else "in order"


async def close_connections(world: World, _random: Random) -> str | None:
    return await _control(world, "close_all_connections", "chaos")


async def raise_memory_alarm(world: World, random: Random) -> str | None:
    return await _alarm(
        world,
        random,
        on=("set_vm_memory_high_watermark", "absolute", "10MB"),
        off=("set_vm_memory_high_watermark", "0.6"),
    )


async def raise_disk_alarm(world: World, random: Random) -> str | None:
    return await _alarm(world, random, on=("set_disk_free_limit", "90000GB"), off=("set_disk_free_limit", "50MB"))


async def _alarm(world: World, random: Random, *, on: tuple[str, ...], off: tuple[str, ...]) -> str | None:
    if world.servers.broker_busy.locked():
        return None
    # Held until it is over: a broker that restarts in between would come up without the alarm.
    async with world.servers.broker_busy:
        seconds = world.span(random, 1, 4, 12)
        await world.servers.control(*on)
        try:
            await asyncio.sleep(seconds)
        finally:
            await world.servers.control(*off)
    return f"{seconds:g} s"


async def _control(world: World, *arguments: str) -> str | None:
    if world.servers.broker_busy.locked():
        return None
    async with world.servers.broker_busy:
        await world.servers.control(*arguments)
    return " ".join(arguments)


# --- networks ---------------------------------------------------------------------------------------------------------


async def reset_broker_connections(world: World, random: Random) -> str | None:
    return _cut(*_broker_of(world, random))


async def reset_database_connections(world: World, random: Random) -> str | None:
    return _cut(*_database_of(world, random))


async def half_open_broker(world: World, random: Random) -> str | None:
    return await _silence(world, random, *_broker_of(world, random), Proxy.blackhole)


async def mute_broker(world: World, random: Random) -> str | None:
    return await _silence(world, random, *_broker_of(world, random), Proxy.mute)


async def refuse_broker(world: World, random: Random) -> str | None:
    return await _silence(world, random, *_broker_of(world, random), _refuse)


async def half_open_database(world: World, random: Random) -> str | None:
    return await _silence(world, random, *_database_of(world, random), Proxy.blackhole)


async def mute_database(world: World, random: Random) -> str | None:
    return await _silence(world, random, *_database_of(world, random), Proxy.mute)


async def refuse_database(world: World, random: Random) -> str | None:
    return await _silence(world, random, *_database_of(world, random), _refuse)


async def lose_commits(world: World, random: Random) -> str | None:
    name, proxy = _database_of(world, random)
    before = proxy.commits_lost
    proxy.commits_to_lose = random.choice((1, 1, 3))
    await asyncio.sleep(world.span(random, 1, 3))
    proxy.commits_to_lose = 0
    lost = proxy.commits_lost - before
    return f"{lost} of {name}" if lost else None


def _broker_of(world: World, random: Random) -> tuple[str, Proxy]:
    member = world.any_member(random)
    return member.name, member.broker


def _database_of(world: World, random: Random) -> tuple[str, Proxy]:
    member = world.any_member(random)
    return member.name, member.database


def _cut(name: str, proxy: Proxy) -> str:
    proxy.cut()
    return name


async def _silence(world: World, random: Random, name: str, proxy: Proxy, fail: Callable[[Proxy], None]) -> str | None:
    seconds = world.span(random, 1, 5, 16)
    fail(proxy)
    await asyncio.sleep(seconds)
    proxy.heal()
    return f"{name} for {seconds:g} s"


def _refuse(proxy: Proxy) -> None:
    proxy.is_refusing = True
    proxy.cut()


# --- database ---------------------------------------------------------------------------------------------------------


async def kill_database(world: World, _random: Random) -> str | None:
    return await _restart_database(world, hard=True)


async def restart_database(world: World, _random: Random) -> str | None:
    return await _restart_database(world, hard=False)


async def _restart_database(world: World, *, hard: bool) -> str | None:
    if world.servers.database_busy.locked():
        return None
    async with world.servers.database_busy:
        await world.servers.restart_database(hard=hard)
    return "hard" if hard else "in order"


async def end_database_connections(world: World, _random: Random) -> str | None:
    if world.servers.database_busy.locked():
        return None
    async with world.servers.database_busy:
        await world.servers.end_connections()
    return ""


async def make_database_read_only(world: World, random: Random) -> str | None:
    if world.servers.database_busy.locked():
        return None
    async with world.servers.database_busy:
        seconds = world.span(random, 1, 5)
        await world.servers.make_read_only(read_only=True)
        try:
            await asyncio.sleep(seconds)
        finally:
            await world.servers.make_read_only(read_only=False)
    return f"{seconds:g} s"


# --- shop and people --------------------------------------------------------------------------------------------------


async def break_shop(world: World, random: Random) -> str | None:
    world.shop.is_down = True
    await asyncio.sleep(world.span(random, 1, 4))
    world.shop.is_down = False
    return ""


async def close_shop(world: World, random: Random) -> str | None:
    world.shop.is_closed = True
    await asyncio.sleep(world.span(random, 1, 4))
    world.shop.is_closed = False
    return ""


async def click_thrice(world: World, _random: Random) -> str | None:
    return await world.people.click_thrice()


async def reprocess_many(world: World, _random: Random) -> str | None:
    return await world.people.reprocess_many()


async def discard(world: World, _random: Random) -> str | None:
    return await world.people.discard()


async def change_settings(world: World, _random: Random) -> str | None:
    return await world.people.change_settings()


async def run_now(world: World, _random: Random) -> str | None:
    return await world.people.run_now()


async def pause(world: World, random: Random) -> str | None:
    return await world.people.pause(world.span(random, 1, 5))


HARD_KILL: Final = "broker: kill -9"

FAULTS: Final[Mapping[str, tuple[Fault, int]]] = {
    "SIGKILL of a daemon": (kill_daemon, 6),
    "SIGKILL of both daemons": (kill_both_daemons, 1),
    "SIGSTOP of a daemon": (freeze_daemon, 4),
    "SIGTERM of a daemon": (stop_daemon, 2),
    "wall clock of a daemon stepped": (step_clock, 2),
    HARD_KILL: (kill_broker, 2),
    "broker: restart": (restart_broker, 1),
    "broker: all connections closed": (close_connections, 2),
    "broker: memory alarm": (raise_memory_alarm, 1),
    "broker: disk alarm": (raise_disk_alarm, 1),
    "broker: connections reset": (reset_broker_connections, 4),
    "broker: half-open": (half_open_broker, 2),
    "broker: answers lost": (mute_broker, 2),
    "broker: refused": (refuse_broker, 1),
    "database: kill -9": (kill_database, 1),
    "database: restart": (restart_database, 1),
    "database: backends terminated": (end_database_connections, 3),
    "database: read-only": (make_database_read_only, 1),
    "database: connections reset": (reset_database_connections, 4),
    "database: half-open": (half_open_database, 2),
    "database: answers lost": (mute_database, 2),
    "database: refused": (refuse_database, 1),
    "database: COMMIT answers lost": (lose_commits, 6),
    "shop: connections broken": (break_shop, 1),
    "shop: maintenance": (close_shop, 1),
    "settings changed": (change_settings, 3),
    "reprocess clicked three times at once": (click_thrice, 9),
    "reprocess of many, twice at once": (reprocess_many, 2),
    "discard": (discard, 1),
    "run now": (run_now, 2),
    "pause and resume": (pause, 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault to come, *at_seconds* after the beginning; *seed* decides everything else about it."""

    at_seconds: float
    name: str
    seed: int


def plan_faults(random: Random, *, seconds: float, count: int) -> list[Planned]:
    """Draw *count* faults over *seconds*."""
    names = random.choices(list(FAULTS), [weight for _, weight in FAULTS.values()], k=count)
    moments = sorted(random.uniform(0, seconds) for _ in range(count))
    return [
        Planned(at_seconds=at, name=name, seed=random.randrange(2**32)) for at, name in zip(moments, names, strict=True)
    ]


async def unleash(world: World, plan: list[Planned]) -> None:
    """Do what is planned, each fault at its time, however many are under way; return when all are over."""
    began = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as under_way:
        for planned in plan:
            await asyncio.sleep(max(began + planned.at_seconds - asyncio.get_running_loop().time(), 0.0))
            under_way.create_task(_do(world, planned), name=planned.name)


async def _do(world: World, planned: Planned) -> None:
    fault, _ = FAULTS[planned.name]
    with _failing_servers():
        told = await fault(world, Random(planned.seed))
        if told is not None:
            world.history.note_fault(planned.name, told)


@contextlib.contextmanager
def _failing_servers() -> Iterator[None]:
    """Bear that a server is away just when something is asked of it."""
    with contextlib.suppress(ServerFailedError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        yield
