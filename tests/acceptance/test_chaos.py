"""A short chaos run: daemons, broker, database, networks, shop and people fail at once, and no rule is broken."""

from pathlib import Path

from tests.acceptance.forked_daemon import forked_daemon
from tests.chaos.report import table
from tests.chaos.run import Plan, run
from tests.services import servers

PLAN = Plan(seed=52214, seconds=8, messages=60, faults=14)
"""A seed whose faults befall all but the broker's process: that costs seconds, and the long runs do it."""


async def test_whatever_fails_nothing_is_lost_doubled_or_attempted_too_often(tmp_path: Path) -> None:
    told: list[str] = []
    with servers(broker=False, database=False):
        outcome = await run(PLAN, home=tmp_path, tell=told.append, start=forked_daemon)

    assert not outcome.findings.broken(), "\n".join(table(outcome))
    assert len(outcome.history.faults) > PLAN.faults / 3, "too few of them could be done to tell anything"
