"""
`python -m bench.soak`: an hour of steady work, and what the daemon holds of memory, descriptors and tasks meanwhile.

A daemon and a sandbox store as processes, with a broker and a database. Every second a few prices and stock levels are
published by HTTP; one SKU is refused, so that dead letters come about; every minute all of them are reprocessed, and
what operators look at is asked for.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.request import urlopen
from uuid import uuid4

from bench.site import Site, running_site
from deploy.demonstration.json_http import UnexpectedAnswerError
from deploy.local.processes import Stopped, stop_on_signals
from deploy.local.progress import say

_SKUS: Final = 150
_REFUSED: Final = "AC-1007"
_LOOKED_AT: Final = ("queues", "dead-letters?limit=50", "runs?limit=20", "sync-log?limit=50", "syncs", "audit?limit=20")
_READ: Final = ("process_resident_memory_bytes", "process_open_fds", "connector_tasks")


def main() -> int:
    """Soak, show a line a sample, then the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--events-per-second", type=int, default=10)
    parser.add_argument("--sample-seconds", type=float, default=60)
    options = parser.parse_args()
    stop_on_signals()
    try:
        with running_site() as site:
            samples = list(_soak(site, options))
    except Stopped:
        return 1
    say("\n".join(_table(samples)))
    return 0


def _soak(site: Site, options: argparse.Namespace) -> Iterator[Mapping[str, float]]:
    site.store.put("/_sandbox/faults/reject", {"sku": _REFUSED})
    began = time.monotonic()
    published, sampled = 0, began
    while (elapsed := time.monotonic() - began) < options.minutes * 60:
        site.check()
        _publish(site, published, options.events_per_second)
        published += options.events_per_second
        if time.monotonic() - sampled >= options.sample_seconds:
            sampled += options.sample_seconds
            _work_as_an_operator(site)
            sample = {"minute": elapsed / 60, "published": published, **_read(site)}
            say("  ".join(f"{name} {value:,.1f}" for name, value in sample.items()))
            yield sample
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began - elapsed)))


def _publish(site: Site, first: int, count: int) -> None:
    now = datetime.now(UTC).isoformat()
    site.daemon.post(
        "/api/v1/events",
        [_event(number, now) for number in range(first, first + count)],
        content_type="application/cloudevents-batch+json",
    )


def _event(number: int, now: str) -> dict[str, Any]:
    is_price = number % 2 == 0
    return {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": "soak",
        "type": "to_magento.pricing" if is_price else "to_magento.inventory",
        "subject": f"AC-{1000 + number // 2 % _SKUS}",
        "time": now,
        "data": {"price": f"{number % 900 + 1}.25"} if is_price else {"quantity": number % 500},
    }


def _work_as_an_operator(site: Site) -> None:
    for path in _LOOKED_AT:
        site.daemon.get(f"/api/v1/{path}")
    try:
        site.daemon.post("/api/v1/dead-letters/reprocess", {"filter": {"state": "failed"}, "reason": "soak"})
    except UnexpectedAnswerError as error:
        say(f"({error})")


def _read(site: Site) -> dict[str, float]:
    with urlopen(f"{site.daemon_url}/metrics") as answer:  # noqa: S310 - our own address
        lines = answer.read().decode().splitlines()
    values = {name: float(line.rpartition(" ")[2]) for line in lines for name in _READ if line.startswith(f"{name} ")}
    waiting = sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("connector_queue_waiting{"))
    megabytes = values["process_resident_memory_bytes"] / 2**20
    return {
        "memory MiB": megabytes,
        "descriptors": values["process_open_fds"],
        "tasks": values["connector_tasks"],
        "waiting": waiting,
    }


def _table(samples: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """Give the highest of each tenth of the time: what grows shows as a slope."""
    yield "| minutes | published | memory MiB | descriptors | tasks |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    size = max(1, len(samples) // 10)
    for first in range(0, len(samples), size):
        part = samples[first : first + size]
        highest = {name: max(each[name] for each in part) for name in ("memory MiB", "descriptors", "tasks")}
        yield (
            f"| to {part[-1]['minute']:.0f} | {part[-1]['published']:,.0f} | {highest['memory MiB']:.1f} | "
            f"{highest['descriptors']:.0f} | {highest['tasks']:.0f} |"
        )


if __name__ == "__main__":
    sys.exit(main())
