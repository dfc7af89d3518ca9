"""What may have killed a worker is tried while nothing else is in hand (RELIABILITY.md, F9)."""

import asyncio

from queues.worker.probation import Probation
from tests.fakes.clock import settle


async def test_a_suspect_waits_until_nothing_is_in_hand_and_nothing_joins_while_it_is_tried() -> None:
    probation = Probation()
    told: list[str] = []

    async def suspect(name: str, is_answered: asyncio.Event) -> None:
        async with probation.alone():
            told.append(f"{name} alone")
            await is_answered.wait()
            told.append(f"{name} over")

    async def group() -> None:
        await probation.join()
        told.append("joined")

    await probation.join()
    await probation.join()
    first, second = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(suspect("A", first))
        tasks.create_task(suspect("B", second))
        await settle()
        tasks.create_task(group())
        await settle()
        assert told == []

        probation.leave()
        await settle()
        assert told == []

        probation.leave()
        await settle()
        assert told == ["A alone"]

        first.set()
        await settle()
        second.set()

    assert told == ["A alone", "A over", "B alone", "B over", "joined"]
