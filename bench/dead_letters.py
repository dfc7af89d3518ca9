"""
`python -m bench.dead_letters`: how long the list of dead letters takes when there are very many.

The database is filled beside the daemon; the time is that of the whole call, from the request to the answer read, in
turns; medians in milliseconds.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints

from bench.site import Site, running_site
from deploy.local.processes import Stopped, stop_on_signals
from deploy.local.progress import say
from queues.postgres.tables.dead_letters import SEARCH_INDEX

_LETTERS: Final = "/api/v1/dead-letters"
_KEYS: Final = 200_000
_RARE, _COMMON = 1_000, 3

_FILL: Final = """
    insert into dead_letters (message_id, generation, queue, key, time, event_id, source, state, reason, attempts,
                              error_class, error, status, failed_at, body, headers)
    select gen_random_uuid(), 0, 'main.to_magento.' || (array['pricing', 'inventory', 'product'])[1 + n % 3],
           'AC-' || (n % $2), now(), 'event-' || n, 'acumatica/REVISION',
           case when n % 5 = 0 then 'reprocessed' else 'failed' end, 'attempts_used_up', 3,
           (array['not_found', 'validation', 'target_error', 'rate_limit'])[1 + n % 4],
           'The store refused record ' || md5(n::text) || case when n % $3 = 0 then ': tax class unheard of' else '' end
               || case when n % $4 = 0 then ': Invalid attribute SKU' else '' end,
           400, now() - make_interval(secs => n), convert_to(json_build_object('n', n)::text, 'UTF8'), '{}'
    from generate_series($1::int, 1, -1) as n
"""


def main() -> int:
    """Fill, ask, show the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.dead_letters", description=__doc__)
    parser.add_argument("--letters", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    stop_on_signals()
    try:
        with running_site() as site:
            began = time.monotonic()
            asyncio.run(_fill(site.database_url, options.letters))
            say(f"{options.letters:,} dead letters stand there after {time.monotonic() - began:.0f} s")
            _measure(site, letters=options.letters, rounds=options.rounds)
    except Stopped:
        return 1
    return 0


async def _fill(database_url: str, letters: int) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        # Made afterwards in one go, as a database that is restored does it; where it cannot be made, it is not missed.
        making = await connection.fetchval("select indexdef from pg_indexes where indexname = $1", SEARCH_INDEX)
        await connection.execute(f"drop index if exists {SEARCH_INDEX}")
        await connection.execute(_FILL, letters, _KEYS, _RARE, _COMMON)
        await connection.execute("set maintenance_work_mem = '512MB'")
        if making:
            await connection.execute(making)
        await connection.execute("vacuum analyze dead_letters")
    finally:
        await connection.close()


def _measure(site: Site, *, letters: int, rounds: int) -> None:
    calls: dict[str, Mapping[str, object]] = {
        "the first page": {},
        "of one state": {"state": "failed"},
        "of one queue and state": {"state": "failed", "queue": "main.to_magento.pricing"},
        "of one error class": {"error_class": "validation"},
        "of one key": {"key": "AC-4711"},
        "of the last day": {"since": (datetime.now(UTC) - timedelta(days=1)).isoformat()},
        "with the text of one key": {"q": "AC-4711"},
        "with the text of one event id": {"q": f"event-{letters}"},
        "with a text that one in a thousand has": {"q": "tax class unheard of"},
        "with a text that one in three has": {"q": "Invalid attribute SKU"},
        "with a text that is nowhere": {"q": "no such text anywhere"},
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    shown: dict[str, int] = {}
    for _ in range(rounds):
        for name, parameters in calls.items():
            began = time.monotonic()
            page = site.daemon.get(_LETTERS, parameters)
            seconds[name].append(time.monotonic() - began)
            shown[name] = len(page["items"])
    say(f"| dead letters, median of {rounds} | on the page | ms | slowest |\n| --- | ---: | ---: | ---: |")
    for name, each in seconds.items():
        say(f"| {name} | {shown[name]} | {statistics.median(each) * 1000:.0f} | {max(each) * 1000:.0f} |")


if __name__ == "__main__":
    sys.exit(main())
