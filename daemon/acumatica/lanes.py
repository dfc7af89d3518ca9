"""Lanes: the few long-lived sessions, each used by one request at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from daemon.acumatica.classification import Failure


@dataclass(slots=True, kw_only=True)
class Lane:
    """
    One session with the ERP; not frozen, because signing in and out changes it.

    Attributes:
        http: with a cookie jar of its own.
        is_open: signed in, as far as we know.
        is_spare: no session is free for it; left alone until one of the others ends.
        failure: why signing in has just failed; told to the first call.
        tenant: where signing in has landed, as the site's cookie says; empty: it did not tell.
        authorization: the header of its requests; empty with cookies.
        expires_at: by the monotonic clock: when to ask for a new token; None: when told.
        secrets: texts that must not be shown.
    """

    number: int
    http: aiohttp.ClientSession
    is_open: bool = False
    is_spare: bool = False
    failure: Failure | None = None
    authorization: str = ""
    tenant: str = ""
    expires_at: float | None = None
    secrets: tuple[str, ...] = ()

    def take_failure(self) -> Failure | None:
        """Give the failure of signing in, once."""
        failure, self.failure = self.failure, None
        return failure


@dataclass(slots=True)
class Lanes:
    """The lanes; the one used last is used next, so that no more sessions are opened than are needed."""

    lanes: tuple[Lane, ...]
    _free: asyncio.LifoQueue[Lane] = field(default_factory=asyncio.LifoQueue)

    def __post_init__(self) -> None:
        for lane in reversed(self.lanes):
            self._free.put_nowait(lane)

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Lane]:
        """Hold a lane while the block lasts; waits while all are in use."""
        lane = await self._free.get()
        try:
            yield lane
        finally:
            if not lane.is_spare:
                self._free.put_nowait(lane)

    def others_open(self, lane: Lane) -> bool:
        """Whether another lane is signed in."""
        return any(each.is_open for each in self.lanes if each is not lane)

    def use_spare(self) -> None:
        """Use the spare lanes again: a session has ended, which frees a slot of the licence."""
        for lane in self.lanes:
            if lane.is_spare:
                lane.is_spare = False
                self._free.put_nowait(lane)
