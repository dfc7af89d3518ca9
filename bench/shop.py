"""What Threshold Count and Batch Count are worth: the sandbox store with the recorded times, for a grid of both."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal

from bench import filling
from bench.events import price_events, stock_events
from bench.measuring import Laboratory, drain, ready
from bench.processes import talking
from queues.plan import plan_delivery
from queues.settings import QueueProcessingSettings

ENTITIES: Final = ("pricing", "inventory")
THRESHOLDS: Final = (0, 25, 1_000)
BATCH_COUNTS: Final = (1, 5, 25, 100, 500)

_AT_ONCE: Final = 3
"""Drains side by side: they wait for their stores nearly all of the time, and each has a store of its own."""

Mode = Literal["none", "single", "batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One plan for the records of one entity; several cells of the grid may come to the same."""

    entity: str
    mode: Mode
    requests: int
    batch: int


def cell_of(entity: str, *, waiting: int, threshold: int, batch: int) -> Cell:
    """Tell what the engine makes of these settings, by its own plan."""
    settings = QueueProcessingSettings(threshold_count=threshold, batch_count=batch)
    plan = plan_delivery(settings, waiting=waiting, batchable=True)
    return Cell(entity=entity, mode=plan.mode, requests=len(plan.sizes), batch=1 if plan.mode == "single" else batch)


def measure_grid(
    laboratory: Laboratory, *, waiting: int, thresholds: Sequence[int], batch_counts: Sequence[int]
) -> dict[Cell, float]:
    """Give the seconds of every different cell of the grid."""
    cells = {
        cell_of(entity, waiting=waiting, threshold=threshold, batch=batch)
        for entity in ENTITIES
        for threshold in thresholds
        for batch in batch_counts
    }
    longest_first = sorted(cells, key=lambda cell: -cell.requests)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        seconds = threads.map(lambda cell: _measure(laboratory, cell, waiting), longest_first)
        return dict(zip(longest_first, seconds, strict=True))


def _measure(laboratory: Laboratory, cell: Cell, waiting: int) -> float:
    events = price_events(waiting) if cell.entity == "pricing" else stock_events(waiting)
    with (
        laboratory.waiting(filling.as_events(events), entity=cell.entity, records=waiting) as queue,
        laboratory.fresh_database() as database,
        talking("bench.store") as store,
    ):
        told = store.hear()
        task = {
            "broker": laboratory.broker,
            "queue": queue,
            "target": told["url"],
            "records": waiting,
            "batch": cell.batch,
            "in_flight": 1,
            "singles": cell.mode == "single",
            "database": database,
            "tuned": False,
            "token": told["token"],
        }
        with ready("bench.contenders.engine", task) as talker:
            seconds = drain(talker)
        laboratory.verify(queue, store.ask("report"), records=waiting, requests=cell.requests)
    return seconds
