"""The harness of the benchmark works: fifty records, every one once, through what needs no further packages."""

from pathlib import Path

import pytest

from bench.databases import Databases
from bench.document import BEGIN, END, write_document
from bench.measuring import Laboratory
from bench.report import Report, render
from bench.rounds import ENGINES, FLOORS, RIVALS, measure_rounds
from bench.shop import cell_of, measure_grid


def test_floor_and_engine_bring_every_record_over_once_and_are_told_in_tables(
    broker_url: str, database_url: str
) -> None:
    contenders = [*FLOORS.values(), *ENGINES.values()]
    with Databases(database_url).prepared() as databases:
        laboratory = Laboratory(broker=broker_url, databases=databases)

        results = measure_rounds(laboratory, contenders, records=50, rounds=1, note=print)
        shop = measure_grid(laboratory, waiting=30, thresholds=(25,), batch_counts=(25,))

    tables = render(
        Report(
            machine=["here"],
            rounds=1,
            # The rivals' packages are an optional group.
            results={**results, **{RIVALS[kind]: results[FLOORS[kind]] for kind in RIVALS}},
            scaling={kind: [results[engine]] * 2 for kind, engine in ENGINES.items()},
            shop=shop,
            shop_waiting=30,
            thresholds=(25,),
            batch_counts=(25,),
        )
    )
    assert "| **am-connector** | 16 |" in tables
    assert "(2 requests)" in tables


@pytest.mark.parametrize(
    ("threshold", "batch", "requests", "mode"),
    [(0, 25, 40, "batch"), (25, 500, 2, "batch"), (1_000, 25, 1_000, "single"), (0, 1, 1_000, "batch")],
)
def test_a_cell_of_the_grid_is_what_the_engine_plans(threshold: int, batch: int, requests: int, mode: str) -> None:
    cell = cell_of("pricing", waiting=1_000, threshold=threshold, batch=batch)

    assert (cell.requests, cell.mode) == (requests, mode)


def test_tables_replace_the_tables_and_nothing_else(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    write_document(document, "new")

    assert document.read_text() == f"before\n{BEGIN}\n\nnew\n{END}\nafter\n"
    assert BEGIN in Path("docs/benchmarks.md").read_text()
