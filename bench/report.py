"""The tables as Markdown, and what they say about the aims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bench.measuring import Contender, Kind
from bench.rounds import ENGINES, FLOORS, RIVALS, Result
from bench.shop import ENTITIES, Cell, cell_of

MOST_MIB: Final = 150
MOST_PER_TENFOLD: Final = 11.0
LEAST_OF_RIVAL: Final = 2.0
LEAST_OF_FLOOR: Final[Mapping[Kind, float]] = {"single": 1.0, "batch": 0.8}
WORDS: Final[Mapping[Kind, str]] = {"single": "singles", "batch": "batches"}
TITLES: Final[Mapping[Kind, str]] = {
    "single": "Singles: one record a request",
    "batch": "Batches: 25 records a request",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    Everything that was measured.

    Attributes:
        machine: facts, a line each.
        rounds: how many there were.
        results: by contender.
        scaling: by kind, from few waiting records to many.
        shop: seconds by cell of the grid.
        shop_waiting: records of each entity.
    """

    machine: Sequence[str]
    rounds: int
    results: Mapping[Contender, Result]
    scaling: Mapping[Kind, Sequence[Result]]
    shop: Mapping[Cell, float]
    shop_waiting: int
    thresholds: Sequence[int]
    batch_counts: Sequence[int]


def render(report: Report) -> str:
    """Write the tables."""
    parts = ["## Where\n\n" + "\n".join(f"* {fact}" for fact in report.machine)]
    parts += [_speed(report, kind) for kind in TITLES]
    parts += [_scaling(report), _aims(report), _shop(report)]
    return "\n\n".join(parts) + "\n"


def _speed(report: Report, kind: Kind) -> str:
    floor = report.results[FLOORS[kind]]
    rows = [
        "| | in flight | records/s (spread) | to the floor | CPU s per 1,000 | with broker and database | peak MiB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for contender, result in report.results.items():
        if contender.kind == kind:
            rows.append(
                f"| {contender.name} | {contender.in_flight} | {result.per_second:,.0f} "
                f"({result.spread[0]:,.0f} to {result.spread[1]:,.0f}) | {result.per_second / floor.per_second:.2f} "
                f"| {result.cpu_per_thousand:.2f} | {result.all_cpu_per_thousand:.2f} | {result.peak_mib:.0f} |"
            )
    return f"## {TITLES[kind]}\n\n{floor.records:,} waiting, median of {report.rounds}.\n\n" + "\n".join(rows)


def _scaling(report: Report) -> str:
    rows = [
        "| am-connector | waiting | seconds | times the tenth of it | records/s | peak MiB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind, results in report.scaling.items():
        before: Result | None = None
        for result in results:
            ratio = f"{result.seconds / before.seconds:.1f}" if before else ""
            rows.append(
                f"| {WORDS[kind]} | {result.records:,} | {result.seconds:.2f} | {ratio} | {result.per_second:,.0f} "
                f"| {result.peak_mib:.0f} |"
            )
            before = result
    return "## Ten times the backlog\n\n" + "\n".join(rows)


def _aims(report: Report) -> str:
    rows = ["| aim | measured | |", "| --- | ---: | --- |"]

    def add(aim: str, measured: str, *, met: bool) -> None:
        rows.append(f"| {aim} | {measured} | {'met' if met else '**not met**'} |")

    for kind, word in WORDS.items():
        engine, floor, rival = (report.results[each[kind]].per_second for each in (ENGINES, FLOORS, RIVALS))
        least = LEAST_OF_FLOOR[kind]
        add(f"{word}: at least {least} of the floor", f"{engine / floor:.2f}", met=engine >= least * floor)
        name = RIVALS[kind].name
        add(
            f"{word}: at least {LEAST_OF_RIVAL:.0f} times {name}",
            f"{engine / rival:.2f}",
            met=engine >= LEAST_OF_RIVAL * rival,
        )
    for kind, results in report.scaling.items():
        worst = max(after.seconds / before.seconds for before, after in pairwise(results))
        word = "singles" if kind == "single" else "batches"
        add(
            f"{word}: ten times the backlog in at most 11 times the time", f"{worst:.1f}", met=worst <= MOST_PER_TENFOLD
        )
    peak = max(result.peak_mib for results in report.scaling.values() for result in results)
    add(f"memory below {MOST_MIB} MiB", f"{peak:.0f} MiB", met=peak < MOST_MIB)
    return "## Aims\n\n" + "\n".join(rows)


def _shop(report: Report) -> str:
    waiting = report.shop_waiting
    tables = []
    for entity in ENTITIES:
        rows = [
            f"| {entity} | " + " | ".join(f"Batch Count {batch}" for batch in report.batch_counts) + " |",
            "| --- |" + " ---: |" * len(report.batch_counts),
        ]
        for threshold in report.thresholds:
            cells = [
                cell_of(entity, waiting=waiting, threshold=threshold, batch=batch) for batch in report.batch_counts
            ]
            seconds = " | ".join(f"{report.shop[cell]:.1f} s ({cell.requests:,} requests)" for cell in cells)
            rows.append(f"| Threshold {threshold:,} | {seconds} |")
        tables.append("\n".join(rows))
    return f"## What the settings are worth\n\nSeconds for {waiting:,} waiting changes.\n\n" + "\n\n".join(tables)
