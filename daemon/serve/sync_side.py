"""What runs of syncs need around them: the settings they ask, the clocks, the step after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import text

from daemon.capture.indexing import Indexing
from daemon.config import Config
from daemon.index_hook import index_hook
from daemon.serve.stores import Stores
from daemon.serve.sync_settings import SyncSettings
from daemon.settings.connector_store import ConnectorVersions
from daemon.sync.named_syncs import named_syncs
from daemon.watch.clocks import Clocks
from daemon.watch.findings import Finding
from queues.ports import Clock
from queues.postgres.engine import transact


@dataclass(frozen=True, slots=True)
class IndexFindings:
    """Matches `FindingSource`: the syncs after which the shop was not told to index."""

    indexing: Indexing

    @property
    def findings(self) -> Sequence[Finding]:
        """Give those of the last look."""
        return [Finding(watchdog="index_failed", subject=each.sync, reason=each.error) for each in self.indexing.failed]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSide:
    """Those parts, which know each other."""

    settings: SyncSettings
    clocks: Clocks
    indexing: Indexing

    @classmethod
    def of(
        cls, config: Config, stores: Stores, documents: ConnectorVersions, *, carried: list[str], clock: Clock
    ) -> Self:
        """Make them; *carried* are the event types there are queues for."""

        async def database() -> datetime:
            now: datetime = await transact(
                stores.engine, lambda connection: connection.scalar(text("select clock_timestamp()"))
            )
            return now

        async def limit() -> int:
            return (await documents.current()).document.default.time.max_skew_seconds

        # Both tell anybody these things; neither comes from a cache.
        addresses = {
            "magento": (config.magento.url, "/rest/V1/directory/currency"),
            "acumatica": (config.acumatica.url, "/entity"),
        }
        clocks = Clocks(
            {system: f"{url}{path}" for system, (url, path) in addresses.items() if url is not None},
            database,
            limit,
            clock=clock,
        )
        settings = SyncSettings(documents, named_syncs(carried), clocks)
        hook = index_hook(config.index_hook_url, instance=config.instance, clock=clock)
        indexing = Indexing(
            stores.sync_indexing, stores.sync_runs, settings.kinds, hook, instance=config.instance, clock=clock
        )
        return cls(settings=settings, clocks=clocks, indexing=indexing)
