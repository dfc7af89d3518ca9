"""The messages of one check, in queue order: the ledger's rows first (they are older), then the broker's (rule 2)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from queues.errors import InvalidMessage
from queues.message import Message, decode
from queues.ports import Delivery, Ledger, RunLease, StoredMessage, Take, UnreadableMessage, WaitingRows
from queues.worker.setup import WorkedQueue


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One message of the snapshot.

    Attributes:
        position: its place in the queue's order, 0 is the first; requests are cut by it.
        content: the message, or the bytes that are none.
        tag: the delivery's, None for a row of the ledger.
        is_suspect: its last attempt ended with a dead worker.
    """

    position: int
    content: Message | UnreadableMessage
    tag: int | None
    is_suspect: bool = False

    @property
    def tags(self) -> tuple[int, ...]:
        """What to acknowledge when its fate is durable."""
        return () if self.tag is None else (self.tag,)


class Snapshot:
    """Reads the messages of one check one after the other; what arrives later is not among them."""

    def __init__(
        self, queue: WorkedQueue, ledger: Ledger, lease: RunLease, rows: WaitingRows, *, page_size: int
    ) -> None:
        self._queue = queue
        self._ledger = ledger
        self._lease = lease
        self._rows = rows
        self._page_size = page_size
        self._position = 0

    async def stored(self) -> AsyncIterator[Entry]:
        """Give the ledger's rows, page by page."""
        after, rest = 0, self._rows.count
        while rest > 0:
            page = await self._ledger.page(
                self._lease, after=after, up_to=self._rows.up_to, limit=min(self._page_size, rest)
            )
            if not page:
                return
            for row in page:
                content = read_stored(self._queue, row)
                yield self._entry(content, None, is_suspect=row.outcome_unknown and isinstance(content, Message))
            after, rest = page[-1].sequence, rest - len(page)

    async def delivered(self, take: Take) -> AsyncIterator[Entry]:
        """Give the broker's part."""
        async for delivery in take:
            yield self._entry(read_delivery(self._queue, delivery), delivery.tag)

    def _entry(self, content: Message | UnreadableMessage, tag: int | None, *, is_suspect: bool = False) -> Entry:
        entry = Entry(self._position, content, tag, is_suspect)
        self._position += 1
        return entry


def read_delivery(queue: WorkedQueue, delivery: Delivery) -> Message | UnreadableMessage:
    """Read what the broker delivered; never raises for its content."""
    try:
        return _check(queue, decode(delivery.body, headers=delivery.headers))
    except InvalidMessage as error:
        return UnreadableMessage(body=delivery.body, headers=delivery.headers, code=error.code, error=str(error))


def read_stored(queue: WorkedQueue, row: StoredMessage) -> Message | UnreadableMessage:
    """Read a row of the ledger; never raises for its content."""
    try:
        message = decode(row.body, message_id=row.message_id, generation=row.generation, headers=row.headers)
        return _check(queue, message)
    except InvalidMessage as error:
        return UnreadableMessage(body=row.body, headers=row.headers, code=error.code, error=str(error), stored=row)


def _check(queue: WorkedQueue, message: Message) -> Message:
    expected = queue.definition.event_type
    if message.event.type != expected:
        raise InvalidMessage(
            code="unknown_type", member="type", text=f"this queue carries {expected}, got {message.event.type!r}"
        )
    queue.check_event(message.event)
    part = queue.part_of(message.event)
    return replace(message, part=part) if part else message
