"""Those who bring change events in: over a daemon's API and straight to the broker, and some that make no sense."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Final
from uuid import UUID

import aiohttp
import aiormq
from aiormq.abc import AbstractConnection
from pamqp import commands

from queues.message import ChangeEvent, encode, identify
from tests.acceptance.site import INVENTORY, PRICING, PRODUCT_STATUS, TOKEN, change
from tests.chaos.history import History
from tests.chaos.members import Member
from tests.chaos.shop import Shop

KINDS: Final = (PRICING, PRICING, PRICING, INVENTORY, INVENTORY, PRODUCT_STATUS)
LONGEST_BURST: Final = 60
_CALL_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 3.0
_AT_ONCE: Final = 8
"""Bursts on their way at once, of all producers together."""
_NONSENSE: Final = (b"", b"\xff\x00", b"{}", b'{"specversion": "9"}', b"[[[[")


@dataclass(slots=True, kw_only=True)
class Producers:
    """Publish change events, each of a record of its own, and repeat each until somebody has confirmed it."""

    random: Random
    history: History
    shop: Shop
    members: Sequence[Member]
    broker_url: str
    instance: str
    _numbers: int = 0
    _at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _message_ids: dict[bytes, UUID] = field(default_factory=dict)

    async def produce(self, messages: int, seconds: float) -> None:
        """Publish *messages* in bursts over *seconds*."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as bursts:
            while self._numbers < messages:
                size = min(self.random.choice((1, 3, 10, 25, 26, LONGEST_BURST)), messages - self._numbers)
                kind = self.random.choice(KINDS)
                if self.random.random() < 0.5:
                    bursts.create_task(self._publish_over_http(session, self._events(kind, size)))
                else:
                    bursts.create_task(self._publish_to_broker(kind, self._bodies(kind, size)))
                await asyncio.sleep(seconds * size / messages)

    def _events(self, kind: str, size: int) -> list[ChangeEvent]:
        events = []
        for _ in range(size):
            self._numbers += 1
            key = f"C{self._numbers:06d}"
            event = change(kind, key)
            self.shop.script(key)
            body = encode(event)
            self._note(body, identify(event.source, event.id, body), key)
            events.append(event)
        return events

    def _bodies(self, kind: str, size: int) -> list[bytes]:
        bodies = [encode(event) for event in self._events(kind, size)]
        if self.random.random() < 0.2:
            bodies.append(self.random.choice(bodies))  # a producer that repeats itself
        if self.random.random() < 0.2:
            nonsense = self.random.choice(_NONSENSE) + b" " * self._numbers
            self._note(nonsense, identify("", "", nonsense), "")
            bodies.append(nonsense)
        return bodies

    def _note(self, body: bytes, message_id: UUID, key: str) -> None:
        self._message_ids[body] = message_id
        self.history.publications[message_id] = "tried"
        self.history.keys[message_id] = key

    # --- over HTTP ----------------------------------------------------------------------------------------------------

    async def _publish_over_http(self, session: aiohttp.ClientSession, events: Sequence[ChangeEvent]) -> None:
        """Repeat until every event is accepted, as a producer must."""
        waiting = list(events)
        for pause in self._pauses():
            async with self._at_once:
                taken = await self._post(session, waiting)
            self._confirm(encode(event) for event in waiting if event.id in taken)
            waiting = [event for event in waiting if event.id not in taken]
            if not waiting:
                return
            await asyncio.sleep(pause)

    async def _post(self, session: aiohttp.ClientSession, events: Sequence[ChangeEvent]) -> set[str]:
        addresses = [member.address for member in self.members if member.address is not None]
        if not addresses:
            return set()
        address = self.random.choice(addresses)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/cloudevents-batch+json"}
        body = b"[" + b",".join(map(encode, events)) + b"]"
        timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS)
        try:
            async with session.post(
                f"{address}/api/v1/events", data=body, headers=headers, timeout=timeout
            ) as response:
                document = await response.json(content_type=None) if response.status == 202 else {"events": []}
        except (aiohttp.ClientError, OSError, ValueError):
            return set()
        return {each["id"] for each in document["events"] if each["verdict"] in ("accepted", "duplicate")}

    # --- to the broker ------------------------------------------------------------------------------------------------

    async def _publish_to_broker(self, kind: str, bodies: Sequence[bytes]) -> None:
        waiting = list(bodies)
        for pause in self._pauses():
            async with self._at_once:
                confirmed = await self._publish(kind, waiting)
            self._confirm(waiting[:confirmed])
            waiting = waiting[confirmed:]
            if not waiting:
                return
            await asyncio.sleep(pause)

    def _pauses(self) -> Iterator[float]:
        """Give the pauses between the tries of one burst: longer and longer, as a decent producer's are."""
        for tries in count():
            yield min(_PAUSE_SECONDS * 2**tries, _LONGEST_PAUSE_SECONDS) * self.random.uniform(0.5, 1)

    async def _publish(self, kind: str, bodies: Sequence[bytes]) -> int:
        """Publish one after the other; tell how many were confirmed before something went wrong."""
        connection: AbstractConnection | None = None
        confirmed = 0
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                connection = await aiormq.connect(self.broker_url)
                channel = await connection.channel(publisher_confirms=True)
                for body in bodies:
                    answer = await channel.basic_publish(
                        body,
                        exchange=f"{self.instance}.events",
                        routing_key=kind,
                        mandatory=True,
                        properties=commands.Basic.Properties(delivery_mode=2),
                    )
                    if not isinstance(answer, commands.Basic.Ack):
                        break
                    confirmed += 1
        except Exception:  # noqa: BLE001 - the driver raises RuntimeError and bare Exception for a lost connection
            return confirmed
        finally:
            if connection is not None:
                await _close(connection)
        return confirmed

    def _confirm(self, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            self.history.publications[self._message_ids[body]] = "confirmed"


async def _close(connection: AbstractConnection) -> None:
    """Say goodbye, but not for long: the broker may be gone, or blocked."""
    with suppress(Exception):
        async with asyncio.timeout(_PAUSE_SECONDS):
            await connection.close()
