"""Dead letters as people see them and act on them: list, show, reprocess, discard."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import NotFound, StateConflict
from queues.failpoints import hit
from queues.postgres.audit import Act
from queues.postgres.bulk_acts import BulkActs
from queues.postgres.bulk_orders import BulkCount, BulkDone, BulkOrder, BulkRefusal, Choice, Interruption
from queues.postgres.engine import transact
from queues.postgres.foreign import import_foreign
from queues.postgres.letters import DeadLetter, DeadLetterFilter, DeadLetterStory, Page
from queues.postgres.letters_reading import is_searched_by_index, read_page, read_story
from queues.postgres.letters_requeuing import discard, requeue

LARGEST_PAGE: Final = 500

_STATE = text("select state from dead_letters where id = :id")


class PostgresDeadLetters:
    """
    The dead letters.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._bulk = BulkActs(engine)

    async def list(self, wanted: DeadLetterFilter | None = None, *, limit: int = 50, cursor: str | None = None) -> Page:
        """
        Read dead letters, newest failure first.

        Args:
            wanted: what to list; everything by default.
            limit: at most so many, 1 to 500.
            cursor: `next_cursor` of the page before.

        Raises:
            ValueError: the cursor was not made by this method.
        """

        async def work(connection: AsyncConnection) -> Page:
            return await read_page(
                connection, wanted or DeadLetterFilter(), limit=max(1, min(limit, LARGEST_PAGE)), cursor=cursor
            )

        return await transact(self._engine, work)

    async def is_searched_by_index(self) -> bool:
        """Tell whether there is the index that makes a search of text quick (docs/api.md)."""
        return await transact(self._engine, is_searched_by_index)

    async def show(self, letter_id: int) -> DeadLetterStory:
        """
        Read one dead letter with its bytes, its headers and every attempt of every generation.

        Raises:
            NotFound: there is none with this id.
        """

        async def work(connection: AsyncConnection) -> DeadLetterStory:
            story = await read_story(connection, letter_id)
            if story is None:
                raise NotFound("dead letter", str(letter_id))
            return story

        return await transact(self._engine, work)

    async def reprocess(self, letter_id: int, act: Act) -> DeadLetter:
        """
        Put a failed or superseded message back into its queue with a new budget; of two clicks one does it.

        Raises:
            NotFound: there is none with this id.
            StateConflict: it is in no state to be reprocessed, or no queue of its name is processed.
        """

        async def work(connection: AsyncConnection) -> DeadLetter:
            done = await requeue(connection, [letter_id], act)
            if not done:
                raise await _conflict(connection, letter_id, "reprocessed")
            hit("requeue.uncommitted")
            return done[0]

        letter = await transact(self._engine, work)
        hit("requeue.committed")
        return letter

    async def discard(self, letter_id: int, act: Act) -> DeadLetter:
        """
        Give a failed or superseded message up for good, with the reason of *act*.

        Raises:
            NotFound: there is none with this id.
            StateConflict: it is in no state to be discarded.
        """

        async def work(connection: AsyncConnection) -> DeadLetter:
            done = await discard(connection, [letter_id], act)
            if not done:
                raise await _conflict(connection, letter_id, "discarded")
            return done[0]

        return await transact(self._engine, work)

    async def count(self, choice: Choice) -> BulkCount:
        """Tell how many open dead letters *choice* means, up to one more than may be acted upon at once."""
        return await self._bulk.count(choice)

    async def act_on_many(self, order: BulkOrder, interruption: Interruption = lambda: None) -> BulkDone | BulkRefusal:
        """
        Reprocess or discard many, oldest failure first, in chunks that are a transaction each.

        Args:
            order: what, and which; every message gets its audit row, and the whole one more.
            interruption: asked before each chunk whether to end here.

        Raises:
            DatabaseUnavailable: in mid-way; the chunks before are done.
        """
        return await self._bulk.carry_out(order, interruption)

    async def import_foreign(self, *, body: bytes, headers: dict[str, str], queue: str, reason: str) -> int | None:
        """
        Take a message in that the broker gave up on; the same one again is counted.

        Args:
            body: the bytes as they are.
            headers: for people.
            queue: where it belongs, as far as known.
            reason: `unrouted` or `broker_dead_lettered`.

        Returns:
            The dead letter's id; None if the ledger knows its fate already, or keeps it now.
        """

        async def work(connection: AsyncConnection) -> int | None:
            return await import_foreign(connection, body=body, headers=headers, queue=queue, reason=reason)

        return await transact(self._engine, work)


async def _state(connection: AsyncConnection, letter_id: int) -> str | None:
    state = (await connection.execute(_STATE, {"id": letter_id})).scalar_one_or_none()
    return None if state is None else str(state)


async def _conflict(connection: AsyncConnection, letter_id: int, act: str) -> NotFound | StateConflict:
    state = await _state(connection, letter_id)
    if state is None:
        return NotFound("dead letter", str(letter_id))
    if state in {"failed", "superseded"}:
        return StateConflict(f"dead letter {letter_id} belongs to a queue that is not processed here", state=state)
    return StateConflict(f"dead letter {letter_id} is {state} and cannot be {act}", state=state)
