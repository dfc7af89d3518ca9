"""The claims of one check: attempts written down before their requests, and taken back where none is to be made."""

from collections.abc import Sequence

from queues.definition import QueueDefinition
from queues.errors import QueueError
from queues.failpoints import hit
from queues.message import Message
from queues.ports import Claimed, ClaimResult, Finished, Ledger, RunLease
from queues.worker.snapshot import Entry


class Claimer:
    """
    Claims the messages of one check.

    Attributes:
        untried: claimed, but the check ended before their request began; the claim is to be taken back.

    Args:
        retry_count: of the settings of the check.
        others_hold: claims of other owners are live in this queue; from the ledger, when the check opened.
    """

    def __init__(
        self, ledger: Ledger, lease: RunLease, definition: QueueDefinition, *, retry_count: int, others_hold: bool
    ) -> None:
        self.untried: list[Entry] = []
        self._ledger = ledger
        self._lease = lease
        self._definition = definition
        self._retry_count = retry_count
        self._others_hold = others_hold

    async def claim(self, entries: Sequence[Entry]) -> dict[int, ClaimResult]:
        """
        Write an attempt down for every message of *entries* that may have one; a result by position.

        Raises:
            DatabaseUnavailable: nothing may be sent for *entries*.
            LeaseLost: another worker runs this queue.
        """
        results: dict[int, ClaimResult] = {}
        try:
            for stored in (True, False):
                results |= await self._claim([each for each in entries if (each.tag is None) is stored], stored=stored)
            hit("claim.committed", (each.content for each in entries if isinstance(each.content, Message)))
            results |= await self._put_suspects_back([each for each in entries if _is_suspect(each, results)])
        except QueueError:
            # Claims already written for the other part were never used: they are taken back if the database allows.
            self.untried += [each for each in entries if isinstance(results.get(each.position), Claimed)]
            raise
        return results

    async def _claim(self, entries: Sequence[Entry], *, stored: bool) -> dict[int, ClaimResult]:
        messages = {each.position: each.content for each in entries if isinstance(each.content, Message)}
        if not messages:
            return {}
        claims = await self._ledger.claim(
            self._lease,
            self._definition,
            list(messages.values()),
            retry_count=self._retry_count,
            stored=stored,
            others_hold=self._others_hold,
        )
        return dict(zip(messages, claims, strict=True))

    async def _put_suspects_back(self, entries: Sequence[Entry]) -> dict[int, ClaimResult]:
        """Have deliveries wait whose last attempt ended with a dead worker: what the ledger gives is tried alone."""
        messages = [each.content for each in entries if isinstance(each.content, Message)]
        if messages:
            await self._ledger.keep(self._lease, messages, claimed=True)
        return {each.position: Finished(state="waiting") for each in entries}


def _is_suspect(entry: Entry, results: dict[int, ClaimResult]) -> bool:
    """Tell whether a delivery had an attempt before: only a worker that died leaves one without its outcome."""
    result = results.get(entry.position)
    return entry.tag is not None and isinstance(result, Claimed) and result.attempt > 1
