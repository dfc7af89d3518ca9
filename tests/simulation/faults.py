"""The faults of one simulation: which, when and for how long is the seed's choice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from tests.simulation.process import Process
from tests.simulation.world import World

HEARTBEAT_SECONDS: Final = 12.0
"""After this the broker takes back what a frozen process holds."""


async def kill(world: World) -> None:
    if world.living:
        world.kill(world.random.choice(world.living))
        await asyncio.sleep(world.random.choice((0.0, 1.0, 40.0)))
        world.start_process()


async def stop(world: World) -> None:
    running = [each for each in world.living if not each.stop.is_requested]
    if running:
        await world.stop(world.random.choice(running), world.random.choice((90.0, 90.0, 2.0)))
        world.start_process()


async def freeze(world: World) -> None:
    process = _any_of(world)
    if process is None:
        return
    world.history.note(f"{process.name} freezes")
    process.thawed.clear()
    seconds = world.random.choice((3.0, 20.0, 70.0, 260.0))
    await asyncio.sleep(min(seconds, HEARTBEAT_SECONDS))
    if seconds > HEARTBEAT_SECONDS:
        world.broker.lose(process)
        await asyncio.sleep(seconds - HEARTBEAT_SECONDS)
    world.history.note(f"{process.name} thaws")
    process.thawed.set()


async def lose_connections(world: World) -> None:
    process = world.random.choice([*world.living, None]) if world.living else None
    world.history.note(f"connections of {process.name if process else 'everybody'} are lost")
    world.broker.lose(process)


async def stop_broker(world: World) -> None:
    world.history.note("the broker goes down")
    world.broker.is_down = True
    world.broker.lose()
    await asyncio.sleep(world.random.choice((1.0, 15.0, 40.0)))
    world.broker.is_down = False


async def stop_store(world: World) -> None:
    world.history.note("the database goes away")
    world.store.is_away = True
    await asyncio.sleep(world.random.choice((1.0, 20.0, 60.0, 240.0)))
    world.store.is_away = False
    world.history.note("the database is back")


async def trouble_store(world: World) -> None:
    world.history.note("the database has trouble")
    world.store.trouble = world.random.choice((0.1, 0.3))
    await asyncio.sleep(world.random.choice((5.0, 30.0, 60.0)))
    world.store.trouble = 0.0


async def cut_off(world: World) -> None:
    process = _any_of(world)
    if process is None:
        return
    world.history.note(f"{process.name} is cut off from the database")
    world.store.cut.add(process.name)
    await asyncio.sleep(world.random.choice((5.0, 50.0, 250.0)))
    world.store.cut.discard(process.name)


async def stop_target(world: World) -> None:
    world.history.note("the target goes down")
    world.target.is_down = True
    await asyncio.sleep(world.random.choice((5.0, 60.0, 150.0, 400.0)))
    world.target.is_down = False
    world.history.note("the target is back")


async def jump(world: World) -> None:
    world.history.note("the machine sleeps")
    world.loop.jump(world.random.choice((2.0, 40.0, 200.0)))


async def step_wall(world: World) -> None:
    process = _any_of(world)
    if process is not None:
        process.wall_offset += timedelta(hours=world.random.uniform(-30, 30))


async def change_settings(world: World) -> None:
    world.change_settings()


async def pause(world: World) -> None:
    world.history.note("the queue is paused")
    await world.store.schedule.pause(world.definition.name)
    await asyncio.sleep(world.random.choice((5.0, 70.0)))
    await world.store.schedule.resume(world.definition.name)


async def run_now(world: World) -> None:
    await world.store.schedule.run_now(world.definition.name)


async def click(world: World) -> None:
    await world.click(world.random.choice((1, 3, 10)))


async def publish(world: World) -> None:
    world.publish_some(world.random.choice((1, 5, 20)))


Fault = Callable[[World], Awaitable[None]]

FREQUENT: Final[tuple[Fault, ...]] = (publish, click, change_settings, run_now)
FAULTS: Final[tuple[Fault, ...]] = (
    kill,
    kill,
    stop,
    freeze,
    lose_connections,
    lose_connections,
    stop_broker,
    stop_store,
    trouble_store,
    trouble_store,
    cut_off,
    stop_target,
    stop_target,
    jump,
    step_wall,
    pause,
)


def _any_of(world: World) -> Process | None:
    living = [each for each in world.living if each.thawed.is_set()]
    return world.random.choice(living) if living else None


async def unleash(world: World) -> None:
    """Let faults and people loose over a few minutes; return when all of them are over."""
    random = world.random
    chosen = [random.choice(FAULTS) for _ in range(random.choice((0, 2, 5, 9)))]
    chosen += [random.choice(FREQUENT) for _ in range(random.randint(3, 12))]
    span = random.choice((60.0, 180.0, 400.0))
    moments = sorted((random.uniform(0, span), number) for number in range(len(chosen)))
    under_way = []
    began = world.loop.time()
    for at, number in moments:
        await asyncio.sleep(max(began + at - world.loop.time(), 0.0))
        under_way.append(asyncio.ensure_future(chosen[number](world)))
    await asyncio.gather(*under_way)
