"""`python -m bench`, or `make bench`: measures everything and writes docs/benchmarks.md."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.broker import broker_version
from bench.databases import Databases
from bench.document import write_document
from bench.machine import describe_machine
from bench.measuring import Kind, Laboratory
from bench.processes import ContenderFailedError
from bench.report import Report, render
from bench.rounds import CONTENDERS, ENGINES, Result, measure_rounds
from bench.shop import BATCH_COUNTS, THRESHOLDS, measure_grid
from deploy.local.faults import ProvisioningError
from deploy.local.processes import Stopped, stop_on_signals
from deploy.local.progress import note, say
from deploy.local.services import provisioned

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
BACKLOGS: Final = (1_000, 10_000, 100_000)


def main() -> int:
    """Measure, print the tables, write the document; returns the exit code."""
    options = _options()
    stop_on_signals()
    try:
        tables = _measure(options)
    except (ContenderFailedError, ProvisioningError) as error:
        say(str(error))
        return 1
    except Stopped:
        return 1
    say(f"\n{tables}")
    if options.output is not None:
        write_document(options.output, tables)
        say(f"written to {options.output}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 records, one round: shows that all of it works")
    parser.add_argument("--records", type=int, default=10_000, help="waiting at the start of each drain")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=None, help="the document to write the tables into")
    options = parser.parse_args()
    if options.quick:
        options.records, options.rounds = 50, 1
    elif options.output is None:
        options.output = DOCUMENT
    return options


def _measure(options: argparse.Namespace) -> str:
    parent = ROOT / ".local"
    parent.mkdir(exist_ok=True)
    # On the disk and not in memory: what the ledger promises must cost what it costs.
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as home,
        provisioned(Path(home), broker_url=None, database_url=None) as servers,
        Databases(servers.database_url).prepared() as databases,
    ):
        laboratory = Laboratory(broker=servers.broker_url, databases=databases)
        say(f"every contender drains {options.records:,} waiting records, {options.rounds} times …")
        results = measure_rounds(laboratory, CONTENDERS, records=options.records, rounds=options.rounds, note=note)
        backlogs = (5, 50) if options.quick else BACKLOGS
        say(f"am-connector drains {', '.join(f'{each:,}' for each in backlogs)} …")
        scaling = {kind: _scaling(laboratory, kind, backlogs) for kind in ENGINES}
        waiting = 50 if options.quick else 1_000
        thresholds, batch_counts = ((0, waiting), (25,)) if options.quick else (THRESHOLDS, BATCH_COUNTS)
        say(f"the sandbox store with the real shop's times, {waiting:,} changes …")
        shop = measure_grid(laboratory, waiting=waiting, thresholds=thresholds, batch_counts=batch_counts)
        machine = describe_machine(broker=broker_version(servers.broker_url), database=databases.version())
    return render(
        Report(
            machine=machine,
            rounds=options.rounds,
            results=results,
            scaling=scaling,
            shop=shop,
            shop_waiting=waiting,
            thresholds=thresholds,
            batch_counts=batch_counts,
        )
    )


def _scaling(laboratory: Laboratory, kind: Kind, backlogs: tuple[int, ...]) -> list[Result]:
    engine = ENGINES[kind]
    return [measure_rounds(laboratory, [engine], records=records, rounds=1, note=note)[engine] for records in backlogs]


if __name__ == "__main__":
    sys.exit(main())
