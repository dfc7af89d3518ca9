"""
`python -m bench.backlog`: how soon the first request goes out when very many messages wait.

The queue is paused, filled, resumed and run; the time is from the call "run now" to the first request at the store, and
to the hundredth.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from bench import filling
from bench.site import Site, running_site
from deploy.demonstration.json_http import wait_for
from deploy.local.processes import Stopped, stop_on_signals
from deploy.local.progress import say
from queues.message import ChangeEvent

_QUEUE: Final = "/api/v1/queues/to_magento.pricing"
_SKUS: Final = 1_000
_PATIENCE_SECONDS: Final = 120.0


def main() -> int:
    """Fill, run, measure; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.backlog", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    options = parser.parse_args()
    stop_on_signals()
    try:
        with running_site() as site:
            _measure(site, options.records)
    except Stopped:
        return 1
    return 0


def _measure(site: Site, records: int) -> None:
    site.daemon.post(f"{_QUEUE}/pause", {"reason": "filling"})
    began = time.monotonic()
    asyncio.run(_fill(site.broker_url, records))
    say(f"{records:,} messages wait after {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    site.daemon.get(_QUEUE)
    say(f"the queue is shown within {time.monotonic() - began:.3f} s")
    site.daemon.post(f"{_QUEUE}/resume", {"reason": "filled"})
    asked_at = datetime.now(UTC)
    site.daemon.post(f"{_QUEUE}/run", {"reason": "filled"})
    for number in (1, 100):
        seconds = (_request(site, number) - asked_at).total_seconds()
        say(f"request {number} reached the store {seconds:.3f} s after the call")


def _request(site: Site, number: int) -> datetime:
    wanted = {"path": "base-prices", "method": "POST", "limit": 100_000}

    def look() -> datetime | None:
        items = site.store.get("/_sandbox/requests", wanted)["items"]
        return datetime.fromisoformat(items[number - 1]["at"]) if len(items) >= number else None

    return wait_for(f"request {number}", look, seconds=_PATIENCE_SECONDS, check=site.check)


async def _fill(broker_url: str, records: int) -> None:
    async with filling.channel(broker_url) as channel:
        await filling.publish(channel, "main.to_magento.pricing", filling.as_events(_events(records)))


def _events(records: int) -> Iterator[ChangeEvent]:
    first = datetime.now(UTC)
    for number in range(records):
        yield ChangeEvent(
            id=f"backlog-{number}",
            source="bench",
            type="to_magento.pricing",
            subject=f"AC-{1000 + number % _SKUS}",
            time=first + timedelta(microseconds=number),
            data={"price": f"{number % 900 + 1}.25"},
        )


if __name__ == "__main__":
    sys.exit(main())
