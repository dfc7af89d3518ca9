"""
The real engine in simulated worlds: a seed decides messages, delays and faults, and every rule is held against them.

`SIMULATION_SEEDS=1000:500` tries 500 seeds from 1000 on; a seed that failed is replayed by `SIMULATION_SEEDS=1234:1`.
"""

import os

import pytest

from tests.simulation.run import simulate
from tests.simulation.variants import BROKEN

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
