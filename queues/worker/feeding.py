"""From the messages of a check to their requests: claimed group by group, just before they are sent."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import groupby
from typing import Literal

import structlog

from queues.failpoints import hit
from queues.message import Message
from queues.worker.attempts import Attempts
from queues.worker.ending import Ending
from queues.worker.pace import CLAIMED_GROUPS, Pace
from queues.worker.probation import Probation
from queues.worker.settling import Settler
from queues.worker.snapshot import Entry

_log = structlog.stdlib.get_logger("queues.worker")


class _Group:
    """Messages claimed together: *when_over* is called with the last of their requests."""

    def __init__(self, requests: int, when_over: Callable[[], None]) -> None:
        self._open = requests
        self._when_over = when_over
        if not requests:
            when_over()

    def end_request(self) -> None:
        self._open -= 1
        if not self._open:
            self._when_over()


class Feeder:
    """
    Feeds the requests of one check, in queue order.

    Attributes:
        unclaimed: in hand, and the check ended before they were claimed.
    """

    def __init__(
        self,
        attempts: Attempts,
        settler: Settler,
        pace: Pace,
        probation: Probation,
        *,
        ending: Ending,
        mode: Literal["none", "single", "batch"],
        name: str,
    ) -> None:
        self.unclaimed: list[Entry] = []
        self._attempts = attempts
        self._settler = settler
        self._pace = pace
        self._probation = probation
        self._ending = ending
        self._mode = mode
        self._name = name
        self._room = asyncio.Semaphore(CLAIMED_GROUPS)
        self._joined = 0

    async def feed(self, entries: AsyncIterator[Entry], requests: asyncio.TaskGroup) -> None:
        """
        Claim group after group and have their requests made.

        Raises:
            BrokerUnavailable: from *entries*; what is in hand comes back.
            DatabaseUnavailable: nothing is sent for the group that could not be claimed.
            LeaseLost: another worker runs this queue.
        """
        is_more = True
        while is_more:
            await self._room.acquire()
            group: list[Entry] = []
            try:
                is_more = await self._fill(group, entries)
            except BaseException:
                self.unclaimed += group
                raise
            if group and not self._ending.is_over():
                await self._dispatch(group, requests)
            else:
                self.unclaimed += group
                self._room.release()

    def close(self) -> None:
        """Tell the other queues that nothing of this check is in hand any more."""
        while self._joined:
            self._leave()

    async def _fill(self, group: list[Entry], entries: AsyncIterator[Entry]) -> bool:
        """Read the next group; tell whether there may be more."""
        wanted = self._pace.next_group()
        async for entry in entries:
            if entry.is_suspect:
                await self._try_alone(entry)
                continue
            group.append(entry)
            if len(group) == wanted:
                return True
        return False

    async def _dispatch(self, entries: Sequence[Entry], requests: asyncio.TaskGroup) -> None:
        await self._probation.join(self._name)
        self._joined += 1
        if self._ending.is_over():
            self.unclaimed += entries
            self._room.release()
            self._leave()
            return
        hit("take.delivered", (each.content for each in entries if isinstance(each.content, Message)))
        attempts = await self._attempts.claim(entries)
        size = self._pace.request_size
        parts = [list(part) for _, part in groupby(attempts, key=lambda each: each.entry.position // size)]
        group = _Group(len(parts), self._end_group)
        for part in parts:
            making = self._attempts.make(part, self._attempts.announce(part), self._mode, group.end_request)
            requests.create_task(making, name=f"request {self._name}")

    def _end_group(self) -> None:
        self._room.release()
        # What was not begun leaves as well, though its claims are taken back only when the check is wound up: waiting
        # for that, a suspect of this check would wait for itself.
        self._settler.when_written(self._leave)

    def _leave(self) -> None:
        if self._joined:
            self._joined -= 1
            self._probation.leave(self._name)

    async def _try_alone(self, entry: Entry) -> None:
        """Attempt what may have killed a worker, with nothing else in hand, and have its outcome written at once."""
        if self._ending.is_over():
            self.unclaimed.append(entry)
            return
        async with self._probation.alone(self._name):
            if self._ending.is_over():
                self.unclaimed.append(entry)
                return
            attempts = await self._attempts.claim([entry])
            for each in attempts:
                _log.info("message.tried_alone", queue=self._name, key=each.message.key, attempt=each.number)
            if attempts:
                await self._attempts.make(attempts, self._attempts.announce(attempts), "single")
            await self._settler.written()
