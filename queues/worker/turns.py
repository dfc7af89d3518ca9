"""Messages of one record never overlap: each request waits for the earlier ones that share a record with it."""

import asyncio
from collections.abc import Iterable


class Turns:
    """
    Gives each record's requests their turns, in the order in which they were announced.

    Two bulk requests that share a record never run at once either: in the shop they would deadlock (DESIGN.md,
    section 7).
    """

    def __init__(self) -> None:
        self._last: dict[str, asyncio.Event] = {}

    def announce(self, keys: Iterable[str]) -> "Turn":
        """Queue up for all *keys* at once; must be called in queue order."""
        turn = Turn(self, tuple(dict.fromkeys(keys)))
        turn.before = [self._last[key] for key in turn.keys if key in self._last]
        for key in turn.keys:
            self._last[key] = turn.over
        return turn

    def forget(self, turn: "Turn") -> None:
        """Drop the keys nobody waits for any more."""
        for key in turn.keys:
            if self._last.get(key) is turn.over:
                del self._last[key]


class Turn:
    """The place of one request among those that share its records."""

    def __init__(self, turns: Turns, keys: tuple[str, ...]) -> None:
        self._turns = turns
        self.keys = keys
        self.before: list[asyncio.Event] = []
        self.over = asyncio.Event()

    async def wait(self) -> None:
        """Return when every earlier request with one of these records is over."""
        for each in self.before:
            await each.wait()

    def end(self) -> None:
        """Let the next one go."""
        self.over.set()
        self._turns.forget(self)
