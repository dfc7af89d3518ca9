"""A simulation from its first message to quiet, and the check of everything that must hold then."""

import asyncio
from typing import Final

from structlog.testing import capture_logs

from tests.simulation.faults import unleash
from tests.simulation.history import History
from tests.simulation.loop import VirtualLoop
from tests.simulation.store import ENDED
from tests.simulation.world import GRACE, SOUND, Variant, World, build

QUIET_SECONDS: Final = 3600.0
"""How long a healed world may take until nothing waits."""


def simulate(seed: int, variant: Variant = SOUND) -> History:
    """Run the world of *seed* to its end and tell its history."""
    with capture_logs(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        if not isinstance(loop, VirtualLoop):
            raise TypeError("the runner made another loop")
        world = build(seed, variant, loop)
        runner.run(_live(world))
        return world.history


async def _live(world: World) -> None:
    await world.store.schedule.register(world.definition.name)
    world.change_settings()
    world.publish_some(world.random.choices((3, 20, 60, 350), (3, 4, 4, 1))[0])
    for _ in range(world.random.choice((1, 1, 2))):
        world.start_process()
    await unleash(world)
    world.history.note("everything heals")
    world.target.is_healed = True
    world.broker.forgets = 0.0
    if not world.living:
        world.start_process()
    await _quiet(world)
    for process in world.living:
        await world.stop(process, GRACE.total_seconds())
    await world.outside.end()
    world.checker.check_end(world.broker, world.target)


async def _quiet(world: World) -> None:
    until = world.loop.time() + QUIET_SECONDS
    while world.loop.time() < until:
        await asyncio.sleep(5)
        if is_quiet(world):
            return


def is_quiet(world: World) -> bool:
    """Tell whether every message has met its fate."""
    rows = world.store.ledger.rows.values()
    return not world.broker.messages and not world.broker.takes and all(row.state in ENDED for row in rows)
