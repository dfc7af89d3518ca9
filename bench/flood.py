"""
`python -m bench.flood`: does a crowd at the door slow the queues down?

Prices wait in a paused queue; the time is from "run now" until the last of them is in the store: in peace, with 500
sockets that send half a request and stop, and under a flood of wrong tokens. In turns; medians.
"""

import argparse
import asyncio
import statistics
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp

from bench.site import Site, running_site
from deploy.demonstration.json_http import wait_for
from deploy.local.processes import Stopped, stop_on_signals
from deploy.local.progress import say

_QUEUE: Final = "/api/v1/queues/to_magento.pricing"
_SOCKETS: Final = 500
_CALLS_PER_SECOND: Final = 300
_AT_ONCE: Final = 20
_PATIENCE_SECONDS: Final = 120.0
_HALF_A_REQUEST: Final = b"POST /api/v1/events HTTP/1.1\r\nHost: connector\r\nContent-Length: 100\r\n\r\n{"


def main() -> int:
    """Measure and show the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    stop_on_signals()
    crowds: dict[str, Callable[[Site], AbstractContextManager[None]]] = {
        "in peace": lambda _: nullcontext(),
        f"{_SOCKETS} half-open sockets": _half_open,
        f"{_CALLS_PER_SECOND} wrong tokens a second": _wrong_tokens,
    }
    seconds: dict[str, list[float]] = {name: [] for name in crowds}
    try:
        with running_site() as site:
            for _ in range(options.rounds):
                for name, crowd in crowds.items():
                    seconds[name].append(_drain(site, options.records, crowd(site)))
                    say(f"{name}: {seconds[name][-1]:.2f} s")
    except Stopped:
        return 1
    peace = statistics.median(seconds["in peace"])
    say(f"| {options.records:,} prices, median of {options.rounds} | seconds | ratio |\n| --- | ---: | ---: |")
    for name, each in seconds.items():
        say(f"| {name} | {statistics.median(each):.2f} | {statistics.median(each) / peace:.2f} |")
    return 0


def _drain(site: Site, records: int, crowd: AbstractContextManager[None]) -> float:
    site.daemon.post(f"{_QUEUE}/pause", {"reason": "filling"})
    events = list(_events(records))
    for first in range(0, records, 1_000):
        batch = events[first : first + 1_000]
        site.daemon.post("/api/v1/events", batch, content_type="application/cloudevents-batch+json")
    with crowd:
        site.daemon.post(f"{_QUEUE}/resume", {"reason": "filled"})
        began = time.monotonic()
        site.daemon.post(f"{_QUEUE}/run", {"reason": "filled"})
        wait_for("an empty queue", lambda: _is_empty(site), seconds=_PATIENCE_SECONDS, check=site.check)
        return time.monotonic() - began


def _is_empty(site: Site) -> bool | None:
    return True if site.daemon.get(_QUEUE)["waiting"] == 0 else None


def _events(records: int) -> Iterator[dict[str, object]]:
    now = datetime.now(UTC).isoformat()
    for number in range(records):
        yield {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "bench",
            "type": "to_magento.pricing",
            "subject": f"AC-{1000 + number}",
            "time": now,
            "data": {"price": f"{number % 900 + 1}.25"},
        }


def _half_open(site: Site) -> AbstractContextManager[None]:
    async def crowd(is_there: Callable[[], None]) -> None:
        address = urlsplit(site.daemon_url)
        streams = [await asyncio.open_connection(address.hostname, address.port) for _ in range(_SOCKETS)]
        for _, writer in streams:
            writer.write(_HALF_A_REQUEST)
            await writer.drain()
        is_there()
        try:
            await asyncio.Event().wait()
        finally:
            for _, writer in streams:
                writer.close()

    return _beside(crowd)


def _wrong_tokens(site: Site) -> AbstractContextManager[None]:
    async def crowd(is_there: Callable[[], None]) -> None:
        wrong = {"Authorization": "Bearer wrong"}
        async with aiohttp.ClientSession(headers=wrong) as session, asyncio.TaskGroup() as group:
            is_there()
            for _ in range(_AT_ONCE):
                group.create_task(_knock(session, f"{site.daemon_url}/api/v1/queues"))

    return _beside(crowd)


async def _knock(session: aiohttp.ClientSession, url: str) -> None:
    while True:
        async with session.get(url) as answer:
            await answer.read()
        await asyncio.sleep(_AT_ONCE / _CALLS_PER_SECOND)


@contextmanager
def _beside(crowd: Callable[[Callable[[], None]], Coroutine[None, None, None]]) -> Iterator[None]:
    """Have a crowd on a thread of its own for as long as the block lasts."""
    is_there = threading.Event()
    loop = asyncio.new_event_loop()
    task = loop.create_task(crowd(is_there.set))
    thread = threading.Thread(target=_run, args=(loop, task))
    thread.start()
    try:
        is_there.wait()
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


if __name__ == "__main__":
    sys.exit(main())
