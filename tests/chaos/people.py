"""People at the API while everything fails: they click, change settings, pause and run queues."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import aiohttp

from tests.acceptance.site import INVENTORY, PRICING, PRODUCT_STATUS, TOKEN
from tests.chaos.history import History
from tests.chaos.members import Member

NOBODY: Final = 0
"""The status of a call that went nowhere: no daemon listened."""
_CALL_SECONDS: Final = 8.0
_QUEUES: Final = (PRICING, INVENTORY, PRODUCT_STATUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; *status* is None when nothing did."""

    status: int | None
    document: Any


@dataclass(slots=True, kw_only=True)
class People:
    """Each call goes to a daemon of the seed's choice."""

    random: Random
    history: History
    members: Sequence[Member]
    session: aiohttp.ClientSession

    async def click_thrice(self) -> str | None:
        """Have some Failed messages reprocessed, each by three people at once."""
        letters = await self._failed_letters()
        if not letters:
            return None
        chosen = self.random.sample(letters, min(len(letters), self.random.choice((1, 3, 8))))
        await asyncio.gather(*(self._click(letter) for letter in chosen for _ in range(3)))
        return f"{len(chosen)} dead letters"

    async def reprocess_many(self) -> str | None:
        """Have a list of Failed messages reprocessed in one call, twice at the same time."""
        letters = await self._failed_letters()
        if not letters:
            return None
        chosen = self.random.sample(letters, min(len(letters), 20))
        await asyncio.gather(*(self._reprocess(chosen) for _ in range(2)))
        return f"{len(chosen)} dead letters"

    async def discard(self) -> str | None:
        """Give one Failed message up."""
        letters = await self._failed_letters()
        if not letters:
            return None
        letter = self.random.choice(letters)
        answer = await self._call("POST", f"dead-letters/{letter}/discard", {})
        if answer.status in (None, 202, 503):
            self.history.discards.add(letter)
        return f"dead letter {letter}"

    async def change_settings(self) -> str | None:
        """Put other settings in force."""
        draw = self.random.choice
        retry_count = draw((1, 2, 3, 3, 4))
        wanted = {
            "threshold_count": draw((0, 3, 10, 25)),
            "batch_count": draw((1, 3, 8, 25)),
            "retry_count": retry_count,
            "check_process_time": draw((1, 2, 3)),
            "process_sleep_time": 1,
            "outage_policy": draw(("count", "count", "count", "hold")),
            "fail_fast": self.random.random() < 0.15,
            "coalesce": self.random.random() < 0.15,
        }
        # It may be in force though nobody says so.
        self.history.retry_counts.add(retry_count)
        answer = await self._call("PUT", "settings/queue-processing", wanted)
        return None if answer.status == NOBODY else f"{answer.status} {wanted}"

    async def run_now(self) -> str | None:
        """Have a queue run at once."""
        queue = self.random.choice(_QUEUES)
        answer = await self._call("POST", f"queues/{queue}/run", {})
        return None if answer.status == NOBODY else f"{answer.status} {queue}"

    async def pause(self, seconds: float) -> str | None:
        """Pause a queue for a while."""
        queue = self.random.choice(_QUEUES)
        answer = await self._call("POST", f"queues/{queue}/pause", {"reason": "chaos"})
        await asyncio.sleep(seconds)
        await self.resume(queue)
        return None if answer.status == NOBODY else f"{answer.status} {queue}"

    async def resume(self, queue: str) -> None:
        """Let a queue run again; repeated until a daemon has done it."""
        while (await self._call("POST", f"queues/{queue}/resume", {})).status not in (200, 202, 409):  # noqa: ASYNC110 - it is asked for again
            await asyncio.sleep(_CALL_SECONDS / 10)

    async def resume_everything(self) -> None:
        """Leave no queue paused."""
        for queue in _QUEUES:
            await self.resume(queue)

    async def _failed_letters(self) -> list[int]:
        answer = await self._call("GET", "dead-letters?state=failed&limit=100")
        return [int(each["id"]) for each in answer.document["items"]] if answer.status == 200 else []

    async def _click(self, letter: int) -> None:
        answer = await self._call("POST", f"dead-letters/{letter}/reprocess", {})
        if answer.status == 202:
            self.history.clicks[letter] += 1
        elif answer.status in (None, 500, 503):
            # Done or not: the answer got lost, on the way here or between the daemon and its database.
            self.history.unsure_clicks[letter] += 1

    async def _reprocess(self, letters: Sequence[int]) -> None:
        answer = await self._call("POST", "dead-letters/reprocess", {"ids": list(letters)})
        if answer.status == 202:
            skipped = {int(each["id"]) for each in answer.document["skipped"]}
            self.history.clicks.update(letter for letter in letters if letter not in skipped)
        elif answer.status in (None, 500, 503):
            self.history.unsure_clicks.update(letters)

    async def _call(self, method: str, path: str, document: object = None) -> Answer:
        addresses = [member.address for member in self.members if member.address is not None]
        if not addresses:
            return Answer(status=NOBODY, document=None)  # nobody there: nothing can have happened
        address = self.random.choice(addresses)
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Actor": "chaos"}
        timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS)
        sent = None if document is None else document
        try:
            async with self.session.request(
                method, f"{address}/api/v1/{path}", json=sent, headers=headers, timeout=timeout
            ) as response:
                return Answer(status=response.status, document=await response.json(content_type=None))
        except (aiohttp.ClientError, OSError, ValueError):
            return Answer(status=None, document=None)
