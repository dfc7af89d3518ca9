"""The port between what the shop is to hold and the shop."""

from typing import Protocol, TypeVar

from queues.verdicts import Verdict

RecordT_contra = TypeVar("RecordT_contra", contravariant=True)


class ShopWriter(Protocol[RecordT_contra]):
    """Brings one kind of record to a shop; a repeat does no harm."""

    async def write(self, record: RecordT_contra) -> Verdict:
        """Bring the shop to the state of *record*; raises nothing but CancelledError, whatever the shop does."""
