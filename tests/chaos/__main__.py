"""`make chaos SECONDS=… SEED=…`: a long run by hand."""

import argparse
import asyncio
import logging
import random
import shutil
import sys
from pathlib import Path
from typing import Final

from deploy.local.faults import ProvisioningError
from deploy.local.processes import Stopped, stop_on_signals
from deploy.local.progress import say
from tests.chaos.members import find_faketime
from tests.chaos.report import save, table
from tests.chaos.run import Plan, run

HOME: Final = Path(__file__).resolve().parents[2] / ".local" / "chaos"
MESSAGES_A_SECOND: Final = 10
FAULTS_A_SECOND: Final = 1.0


def main() -> int:
    """Make one run; 0 if no rule was broken."""
    parser = argparse.ArgumentParser(prog="make chaos", description="Have everything fail, and see what is lost.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--messages", type=int, default=None, help=f"{MESSAGES_A_SECOND} a second, if not given")
    parser.add_argument("--faults", type=int, default=None, help=f"{FAULTS_A_SECOND} a second, if not given")
    options = parser.parse_args()
    plan = Plan(
        seed=random.randrange(10_000) if options.seed is None else options.seed,
        seconds=options.seconds,
        messages=options.messages or int(MESSAGES_A_SECOND * options.seconds),
        faults=options.faults or int(FAULTS_A_SECOND * options.seconds),
    )
    stop_on_signals()
    # The producers' driver tells of every connection that a fault has broken.
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    home = HOME / str(plan.seed)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    say(f"seed {plan.seed}")
    if find_faketime() is None:
        say("libfaketime is not installed: no wall clock is stepped")
    try:
        outcome = asyncio.run(run(plan, home=home, tell=say))
    except Stopped:
        return 1
    except (ProvisioningError, TimeoutError) as error:  # it did not even start
        say(f"{type(error).__name__}: {error}; logs in {home}")
        return 1
    for line in table(outcome):
        say(line)
    save(outcome, home)
    say(f"logs and evidence in {home}")
    return 1 if outcome.findings.broken() else 0


if __name__ == "__main__":
    sys.exit(main())
