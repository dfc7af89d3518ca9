"""How far an act on many dead letters has come."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from queues.postgres.bulk_orders import SKIPPED_SHOWN, BulkDone, BulkEnd, Choice
from queues.postgres.letters import Skipped
from queues.postgres.letters_reading import Keyset, next_open

CHUNK: Final = 500
"""Dead letters of one transaction: long enough to be quick, short enough to hold no one up."""


class Progress:
    """
    The place of an act; moved on only after a chunk's transaction, which may have been repeated.

    Args:
        bulk_id: its row.
        owner: whoever carries it out.
        choice: which dead letters are meant.
        matched: how many those are; it never touches more.
        latest: the last of the failures that are meant; what fails later is left out.
    """

    def __init__(self, bulk_id: int, owner: uuid.UUID, choice: Choice, matched: int, latest: datetime | None) -> None:
        self.bulk_id = bulk_id
        self.owner = owner
        self._choice = choice
        self._matched = matched
        self._latest = latest
        self._looked_at = 0
        self._reached: Keyset | None = None
        self._is_dry = False
        self._skipped: list[Skipped] = []
        self._skipped_count = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to look at."""
        return self._is_dry or self._looked_at >= self._total

    async def next_ids(self, connection: AsyncConnection) -> tuple[Sequence[int], Keyset | None]:
        """Find the next chunk."""
        size = min(CHUNK, self._total - self._looked_at)
        if self._choice.ids is not None:
            return self._choice.ids[self._looked_at : self._looked_at + size], None
        return await next_open(connection, self._choice.wanted, after=self._reached, failed_by=self._latest, limit=size)

    def advance(self, ids: Sequence[int], reached: Keyset | None, skipped: Sequence[Skipped]) -> None:
        """Note that the chunk of *ids* is done."""
        self._is_dry = not ids
        self._looked_at += len(ids)
        self._reached = reached
        self._skipped_count += len(skipped)
        self._skipped += skipped[: SKIPPED_SHOWN - len(self._skipped)]

    def told(self, ended_by: BulkEnd) -> BulkDone:
        """Give what came of it; ids that were not reached are skipped as well."""
        unreached = [] if self._choice.ids is None else self._choice.ids[self._looked_at :]
        room = SKIPPED_SHOWN - len(self._skipped)
        return BulkDone(
            bulk_id=self.bulk_id,
            matched=self._matched,
            done=self._looked_at - self._skipped_count,
            skipped=[*self._skipped, *(Skipped(id=each, state="not_reached") for each in unreached[:room])],
            skipped_count=self._skipped_count + len(unreached),
            ended_by=ended_by,
        )

    @property
    def _total(self) -> int:
        # Of ids every one is looked at, so that those which cannot be acted upon are named.
        return self._matched if self._choice.ids is None else len(self._choice.ids)
