"""
The real engine in simulated worlds: a seed decides messages, delays and faults, and every rule is held against them.

`SIMULATION_SEEDS=1000:500` tries 500 seeds from 1000 on; a seed that failed is replayed by `SIMULATION_SEEDS=1234:1`.
"""

import asyncio
import os

import pytest
from structlog.testing import capture_logs

from queues.worker.check import HURRIED_SECONDS
from tests.simulation.loop import VirtualLoop
from tests.simulation.run import simulate
from tests.simulation.variants import BROKEN
from tests.simulation.world import SOUND, World, build

USUAL_SEEDS = "0:60"
FEW = 8
"""Seeds within which a broken engine must be caught."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first, count = map(int, os.environ.get("SIMULATION_SEEDS", USUAL_SEEDS).split(":"))
        metafunc.parametrize("seed", range(first, first + count))


def test_whatever_fails_every_message_meets_its_fate_and_no_rule_is_broken(seed: int) -> None:
    history = simulate(seed)

    assert not history.broken, f"seed {seed}\n{history.story()}"


def test_a_hard_stop_ends_soon_though_the_database_is_away() -> None:
    async def stop_hard(world: World) -> float:
        await world.store.schedule.register(world.definition.name)
        world.target.profiles = dict.fromkeys(world.keys, "slow")
        world.publish_some(40)
        process = world.start_process()
        await asyncio.sleep(1)
        world.store.is_away = True
        began = world.loop.time()
        await world.stop(process, patience=0.5)
        return world.loop.time() - began

    with capture_logs(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)

        seconds = runner.run(stop_hard(build(0, SOUND, loop)))

    assert seconds < 2 * HURRIED_SECONDS


def test_a_seed_replays() -> None:
    assert simulate(7).trace == simulate(7).trace


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("acknowledge before settle", "I5"),
        ("acknowledge before settle", "I1"),
        ("count after the request", "I2"),
        ("requeue instead of keep", "I1"),
        ("no lease check", "I6"),
        ("the client sends again in silence", "I2"),
    ],
)
def test_a_broken_engine_is_caught_within_a_few_seeds(fault: str, rule: str) -> None:
    assert any(rule in simulate(seed, BROKEN[fault]).rules for seed in range(FEW))
