"""The target: answers by a script per key, applies what it says it did not, and remembers every request."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from queues.message import Message
from queues.verdicts import Delivered, Exchange, Refused, Skipped, Undetermined, Unreachable, Verdict
from tests.fakes.clock import START
from tests.simulation.history import History
from tests.simulation.process import Outside, Process

DEADLINE_SECONDS: Final = 50.0
"""A request is given up after this: within the span that the worker is told."""

Behaviour = Literal[
    "ok", "refused", "unreachable", "reset", "undetermined", "limited", "slow", "silent", "auth", "gate"
]

PROFILES: Final[dict[str, tuple[tuple[Behaviour, int], ...]]] = {
    "good": (("ok", 30), ("slow", 1), ("reset", 1)),
    "flaky": (("ok", 4), ("refused", 4), ("unreachable", 2), ("reset", 3), ("slow", 2)),
    "bad": (("refused", 1),),
    "poison": (("undetermined", 1),),
    "slow": (("slow", 6), ("silent", 1), ("ok", 2)),
    "limited": (("ok", 3), ("limited", 3)),
    "locked": (("auth", 3), ("ok", 1)),
    "gated": (("gate", 1), ("ok", 1)),
}
HEALED: Final[dict[Behaviour, Behaviour]] = {"refused": "refused", "undetermined": "undetermined", "gate": "gate"}


@dataclass(slots=True, eq=False)
class Request:
    """One request as the target and its sender saw it."""

    process: Process
    check: int
    messages: Sequence[Message]
    is_continuing: bool
    applied: bool = False
    is_over: bool = False

    @property
    def keys(self) -> set[str]:
        return {each.key for each in self.messages}


@dataclass(slots=True)
class Target:
    """
    Attributes:
        on_begin: told of every request the moment it leaves.
        deadly: records whose request kills the process that makes it, by `on_deadly`, before it has left.
        applied: what took effect, in order.
        resends: the client sends twice what seems not to have arrived (the broken variant).
    """

    random: Random
    history: History
    outside: Outside
    profiles: dict[str, str]
    on_begin: Callable[[Request], None]
    deadly: set[str] = field(default_factory=set)
    on_deadly: Callable[[Process], None] = field(default=lambda _process: None)
    is_down: bool = False
    is_healed: bool = False
    resends: bool = False
    requests: list[Request] = field(default_factory=list)
    applied: list[Message] = field(default_factory=list)

    def begin(self, process: Process, messages: Sequence[Message], *, is_continuing: bool) -> Request:
        request = Request(process, process.check, messages, is_continuing)
        names = ",".join(f"{each.event.id}/{each.generation}" for each in messages)
        self.history.note(f"{process.name} sends {names}" + (" (goes on)" if is_continuing else ""))
        self.on_begin(request)
        self.requests.append(request)
        return request

    async def serve(self, request: Request) -> Sequence[Verdict]:
        """Receive, maybe apply, answer."""
        await asyncio.sleep(self.random.choice((0.0, 0.01, 0.1)))
        drawn = [self._draw(each) for each in request.messages]
        whole = next((each for each in drawn if each in {"unreachable", "reset", "limited", "auth"}), None)
        if self.is_down:
            await asyncio.sleep(self.random.choice((0.0, 0.5)))
            verdicts: Sequence[Verdict] = [Unreachable(text="connection refused")] * len(drawn)
        elif whole is not None:
            verdicts = [self._refuse_all(whole, request)] * len(drawn)
        elif "undetermined" in drawn:
            single = Refused(error_class="validation", text="Invalid SKU", status=400)
            verdicts = [Undetermined(text="some SKU is wrong") if len(drawn) > 1 else single] * len(drawn)
        else:
            verdicts = [self._answer(each, message) for each, message in zip(drawn, request.messages, strict=True)]
        if "slow" in drawn:
            await asyncio.sleep(self.random.uniform(1, 20))
        if "silent" in drawn:
            await asyncio.sleep(2 * DEADLINE_SECONDS)
        return verdicts

    def apply(self, message: Message) -> None:
        self.applied.append(message)

    def _draw(self, message: Message) -> Behaviour:
        choices = PROFILES[self.profiles[message.key]]
        names = [name for name, _ in choices]
        drawn = self.random.choices(names, [weight for _, weight in choices])[0]
        return HEALED.get(drawn, "ok") if self.is_healed else drawn

    def _refuse_all(self, behaviour: Behaviour, request: Request) -> Verdict:
        if behaviour == "limited":
            wait = self.random.choice((None, 3.0, 20.0))
            return Refused(error_class="rate_limit", text="slow down", status=429, retry_after_seconds=wait)
        if behaviour == "auth":
            return Refused(error_class="auth", text="the token is not valid", status=401)
        if behaviour == "reset":
            request.applied = True
            for each in request.messages:
                self.apply(each)
        return Unreachable(text="connection reset")

    def _answer(self, behaviour: Behaviour, message: Message) -> Verdict:
        if behaviour == "refused":
            return Refused(error_class="validation", text="no", status=400)
        if behaviour == "gate":
            return Skipped(reason="not for this shop")
        self.apply(message)
        return Delivered()


@dataclass(slots=True)
class SimulatedSender:
    """Matches queues.ports.Sender for one process."""

    target: Target
    process: Process
    _to_go_on: set[tuple[str, int]] = field(default_factory=set)

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        # No way in is asked for: between deciding to send and sending nothing passes.
        self.process.check_alive()
        names = [(str(each.message_id), each.generation) for each in messages]
        request = self.target.begin(self.process, messages, is_continuing=names[0] in self._to_go_on)
        self._to_go_on.difference_update(names)
        if request.keys & self.target.deadly:
            request.is_over = True
            self.target.on_deadly(self.process)
            self.process.check_alive()
        verdicts = await self._exchange(request)
        if self.target.resends and isinstance(verdicts[0], Unreachable):
            verdicts = await self._exchange(self.target.begin(self.process, messages, is_continuing=False))
        self._note(verdicts, names)
        exchange = Exchange(request="POST", request_id="", started_at=START, duration_ms=0, records=len(messages))
        return [_with(verdict, exchange) for verdict in verdicts]

    async def probe(self) -> bool:
        await self.process.enter()
        return not self.target.is_down

    async def _exchange(self, request: Request) -> Sequence[Verdict]:
        serving = self.target.outside.spawn(self.target.serve(request), "serve")
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                verdicts: Sequence[Verdict] = await asyncio.shield(serving)
        except TimeoutError:
            verdicts = [Unreachable(text="no answer in time", error_class="timeout")] * len(request.messages)
        finally:
            request.is_over = True
        await self.process.enter()
        self.target.history.note(
            f"{self.process.name} is told "
            + ",".join(f"{m.event.id}:{type(v).__name__}" for m, v in zip(request.messages, verdicts, strict=True))
        )
        return verdicts

    def _note(self, verdicts: Sequence[Verdict], names: Sequence[tuple[str, int]]) -> None:
        for verdict, name in zip(verdicts, names, strict=True):
            if isinstance(verdict, Undetermined) and len(names) > 1:
                self._to_go_on.add(name)
            if isinstance(verdict, Refused) and verdict.retry_after_seconds is not None:
                until = asyncio.get_running_loop().time() + verdict.retry_after_seconds
                self.process.limited = (self.process.check, until)


def _with(verdict: Verdict, exchange: Exchange) -> Verdict:
    match verdict:
        case Delivered():
            return Delivered(exchange=exchange)
        case _:
            return verdict
