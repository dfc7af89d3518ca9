"""An event loop in virtual time: nothing waits, nothing depends on chance, so that a seed replays."""

import asyncio
import itertools
import selectors
from collections.abc import Coroutine
from typing import Any

from typing_extensions import override


class _Timeless(selectors.SelectSelector):
    """Watches nothing; where the loop would wait, the time passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits for something that cannot happen")
        self.now += max(timeout, 0.0)
        return []


class _CountedTask(asyncio.Task[Any]):
    """Hashed by its number: sets of tasks (TaskGroup, `asyncio.wait`) are walked in the same order every time."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], *, number: int, **options: Any) -> None:  # noqa: ANN401 - whatever this Python hands to a task
        self._number = number  # before the rest: the task is registered, by its hash, while it is made
        super().__init__(coroutine, **options)

    @override
    def __hash__(self) -> int:
        return self._number


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs timers in order without waiting for them."""

    def __init__(self) -> None:
        self._timeless = _Timeless()
        super().__init__(self._timeless)
        numbers = itertools.count()
        self.set_task_factory(
            lambda loop, coroutine, **options: _CountedTask(
                coroutine,
                number=next(numbers),
                loop=loop,
                **options,
            )
        )

    @override
    def time(self) -> float:
        return self._timeless.now

    def jump(self, seconds: float) -> None:
        """Let *seconds* pass in one piece, as for a machine that slept."""
        self._timeless.now += seconds
