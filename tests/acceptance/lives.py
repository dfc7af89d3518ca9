"""Short lives of daemons at one site: each with its trap, on leases that make a successor take over within seconds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from queues.message import ChangeEvent
from queues.settings import QueueProcessingSettings
from tests.acceptance.api import api_client
from tests.acceptance.daemon_process import Daemon
from tests.acceptance.forked_daemon import forked_daemon
from tests.acceptance.reconciliation import Account, reconcile
from tests.acceptance.site import INVENTORY, PRICING, TOKEN, Connector, Site, changes
from tests.acceptance.store import PRICES, STOCK, Request

Mode = Literal["single", "batch"]

RETRY_COUNT: Final = 3
SHORT: Final = {
    "SCHEDULE_INTERVAL": "1",
    "MAGENTO_TIMEOUT": "1",
    "MAGENTO_CONNECT_TIMEOUT": "1",
    "SHUTDOWN_GRACE": "10",
}
SETTINGS: Final[dict[Mode, QueueProcessingSettings]] = {
    "single": QueueProcessingSettings(retry_count=RETRY_COUNT, check_process_time=5, process_sleep_time=1),
    "batch": QueueProcessingSettings(
        threshold_count=0, batch_count=4, retry_count=RETRY_COUNT, check_process_time=5, process_sleep_time=1
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """
    Ten messages in one queue, published and confirmed: eight records, one of them refused by the store; one message
    published twice; bytes that are no event.
    """

    kind: str
    events: Sequence[ChangeEvent]
    refused: str
    unreadable: bytes

    @property
    def first(self) -> str:
        """The record that goes out first."""
        return self.events[0].subject

    @property
    def writes(self) -> str:
        """Part of the path of its requests."""
        return STOCK if self.kind == INVENTORY else PRICES


@asynccontextmanager
async def life(site: Site, *, traps: str = "", **settings: str) -> AsyncIterator[Daemon]:
    """Have a daemon that is killed, frozen or stopped at *traps*."""
    async with forked_daemon(site.environment(FAILPOINTS=traps, **{**SHORT, **settings})) as daemon:
        yield daemon


@asynccontextmanager
async def whole_life(site: Site, *, traps: str = "", **settings: str) -> AsyncIterator[Connector]:
    """Have a daemon that lives at least until it is ready, with its API."""
    async with life(site, traps=traps, **settings) as daemon:
        await daemon.wait_for("daemon.started")
        async with api_client(await daemon.address(), TOKEN) as api:
            yield Connector(site=site, daemon=daemon, api=api)


async def frozen_at(daemon: Daemon, point: str) -> None:
    """Wait until the daemon has frozen itself."""
    async with asyncio.timeout(60):
        while f"failpoint {point}: freeze" not in daemon.text:
            assert daemon.is_running, daemon.text
            await daemon.next_line()
        # It says so before it does, and a signal that lets it go on would come too early.
        while _state_of(daemon.pid) != "T":  # noqa: ASYNC110 - the kernel tells nobody but its parent
            await asyncio.sleep(0.01)


def _state_of(pid: int) -> str:
    """Tell the state of a process by the letter the kernel has for it; `T` is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]


async def publish_load(site: Site, mode: Mode) -> Load:
    """Have a load wait: stock in bulk requests, which are all or nothing, or prices one by one."""
    kind = INVENTORY if mode == "batch" else PRICING
    skus = site.skus(8)
    refused = skus[6]
    await site.store.reject(refused)
    events = changes(kind, skus)
    unreadable = f"no event {refused}".encode()
    await site.publish(events[:5])
    await site.publish_bytes(kind, [unreadable])
    await site.publish(events[5:])
    await site.publish(events[1:2])
    return Load(kind=kind, events=events, refused=refused, unreadable=unreadable)


async def run_to_quiet(site: Site, kind: str) -> None:
    """Have a daemon work until nothing waits and nothing is being tried, and stop it in order."""
    async with whole_life(site) as connector:
        await connector.api.until(
            f"queues/{kind}", lambda queue: queue["waiting"] == 0 and queue["trying"] == 0 and queue["worker"] is None
        )
        assert await connector.daemon.stop() == 0


async def account_of(site: Site, load: Load) -> tuple[Account, Sequence[Request]]:
    """Draw the account of *load*, and hold it against everything that is always true."""
    skus = {event.subject for event in load.events}
    requests = [each for each in await site.store.requests(load.writes) if skus & set(each.skus)]
    account = await reconcile(site, load.events, requests)
    account.check(retry_count=RETRY_COUNT, delivered=False, bisected=load.kind == INVENTORY)
    states = dict(account.states)
    assert states.pop(load.refused) == "failed"
    assert set(states.values()) == {"delivered"}
    letters = await site.rows(
        "select key, state, attempts from dead_letters where key = any($1) or body = $2 order by key nulls first",
        list(skus),
        load.unreadable,
    )
    assert [(each["key"], each["state"], each["attempts"]) for each in letters] == [
        (None, "failed", 0),
        (load.refused, "failed", account.attempts(load.refused)),
    ]
    return account, requests


def made(requests: Sequence[Request], sku: str) -> int:
    """Count the requests that carried *sku*."""
    return sum(sku in each.skus for each in requests)
