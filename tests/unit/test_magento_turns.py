"""Taking turns: one at a time for one key, whatever becomes of the others."""

import asyncio

from daemon.magento.turns import Turns


async def hold(turns: Turns, key: str, log: list[str], until: asyncio.Event) -> None:
    async with turns.of(key):
        log.append(f"{key} begins")
        await until.wait()
        log.append(f"{key} ends")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_same_key_waits_and_another_does_not() -> None:
    turns, log = Turns(), list[str]()
    first, second = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(hold(turns, "A", log, first))
        group.create_task(hold(turns, "A", log, second))
        group.create_task(hold(turns, "B", log, first))
        await settle()
        assert log == ["A begins", "B begins"]

        first.set()
        await settle()
        assert log[2:] == ["A ends", "B ends", "A begins"]
        second.set()


async def test_a_turn_that_is_cut_off_goes_to_the_next() -> None:
    turns, log, never = Turns(), list[str](), asyncio.Event()
    holder = asyncio.create_task(hold(turns, "A", log, never))
    waiting = asyncio.create_task(hold(turns, "A", log, never))
    await settle()

    holder.cancel()
    await asyncio.wait({holder})
    await settle()

    assert log == ["A begins", "A begins"]
    waiting.cancel()
    await asyncio.wait({waiting})
