"""The ledger in PostgreSQL: the only authority on attempts and fate (RELIABILITY.md, section 2)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.definition import QueueDefinition
from queues.failpoints import hit
from queues.message import Message
from queues.ports import ClaimResult, FinishedRequest, RunLease, StoredMessage, UnreadableMessage, WaitingRows
from queues.postgres.burying import bury, bury_unreadable
from queues.postgres.claiming import Claim, claim_messages
from queues.postgres.columns import key_of
from queues.postgres.custody import read_page, renew, sweep_and_count
from queues.postgres.engine import transact
from queues.postgres.keeping import keep_untouched, take_back
from queues.postgres.log_entries import EverythingIsLogged, RequestLog
from queues.postgres.outcomes import Settlement, write_outcomes
from queues.postgres.request_log import write_log
from queues.postgres.superseding import coalesce_waiting, count_waiting, supersede_older

CLAIM_LEASE: Final = timedelta(seconds=180)
"""How long a claim holds unless it is renewed: longer than the longest request and the writing of its outcome."""


class PostgresLedger:
    """
    Matches `queues.ports.Ledger`.

    Args:
        engine: from `open_engine`; shared with the other stores.
        claim_lease: how long a claim holds by the database's clock.
        log: chooses what the sync log keeps.
    """

    def __init__(
        self, engine: AsyncEngine, *, claim_lease: timedelta = CLAIM_LEASE, log: RequestLog | None = None
    ) -> None:
        self._engine = engine
        self._log = EverythingIsLogged() if log is None else log
        self._claim_lease = claim_lease

    async def open_check(self, lease: RunLease) -> WaitingRows:
        """Return what dead owners left behind to `waiting`, then count what waits in the ledger."""

        async def work(connection: AsyncConnection) -> WaitingRows:
            return await sweep_and_count(connection, lease)

        return await transact(self._engine, work)

    async def page(self, lease: RunLease, *, after: int, up_to: int, limit: int) -> Sequence[StoredMessage]:
        """Read waiting messages in queue order: sequence > *after* and <= *up_to*, at most *limit*."""

        async def work(connection: AsyncConnection) -> Sequence[StoredMessage]:
            return await read_page(connection, lease, after=after, up_to=up_to, limit=limit)

        return await transact(self._engine, work)

    async def claim(
        self,
        lease: RunLease,
        definition: QueueDefinition,
        messages: Sequence[Message],
        *,
        retry_count: int,
        stored: bool,
        others_hold: bool = False,
    ) -> Sequence[ClaimResult]:
        """Write one attempt down for each message that may have one; one result each, in order."""
        if not messages:
            return []
        claim = Claim(
            lease=lease,
            definition=definition,
            retry_count=retry_count,
            stored=stored,
            others_hold=others_hold,
            claim_lease=self._claim_lease,
        )

        async def work(connection: AsyncConnection) -> Sequence[ClaimResult]:
            results = await claim_messages(connection, claim, messages)
            hit("claim.uncommitted", messages)
            return results

        return await transact(self._engine, work)

    async def settle(
        self,
        lease: RunLease,
        definition: QueueDefinition,
        requests: Sequence[FinishedRequest],
        unreadable: Sequence[UnreadableMessage],
        *,
        settings_version: int,
    ) -> None:
        """Write outcomes, attempts, log rows, dead letters and superseding in one transaction."""
        settlement = Settlement(
            lease=lease, definition=definition, requests=requests, settings_version=settings_version
        )

        entries = await self._log.entries(definition, requests)

        async def work(connection: AsyncConnection) -> None:
            endings = await write_outcomes(connection, settlement)
            await bury(connection, lease, endings)
            if unreadable:
                await bury_unreadable(connection, lease, unreadable)
            if definition.supersedable:
                delivered = [each.outcome.message for each in endings if each.outcome.state == "delivered"]
                await supersede_older(connection, lease, delivered, settings_version=settings_version)
            await write_log(connection, settlement, entries, {key_of(each.outcome.message) for each in endings})
            hit("settle.uncommitted", (outcome.message for _, outcome in settlement.outcomes()))

        await transact(self._engine, work)

    async def keep(self, lease: RunLease, messages: Sequence[Message], *, claimed: bool) -> None:
        """Take messages whose request was never sent into the ledger as `waiting`, uncharged."""
        if not messages:
            return

        async def work(connection: AsyncConnection) -> None:
            await (take_back if claimed else keep_untouched)(connection, lease, messages)
            hit("keep.uncommitted", messages)

        await transact(self._engine, work)

    async def coalesce(self, lease: RunLease, definition: QueueDefinition, *, up_to: int) -> int:
        """
        End all but the newest waiting message of every record as `coalesced`; count what still waits.

        Orders and shipments are only counted: each of their messages says something of its own (rule 13).
        """

        async def work(connection: AsyncConnection) -> int:
            if definition.supersedable:
                await coalesce_waiting(connection, lease, up_to=up_to)
            return await count_waiting(connection, lease, up_to=up_to)

        return await transact(self._engine, work)

    async def renew_claims(self, lease: RunLease) -> None:
        """Extend the claims of this run by another claim lease."""

        async def work(connection: AsyncConnection) -> None:
            await renew(connection, lease, self._claim_lease)

        await transact(self._engine, work)
