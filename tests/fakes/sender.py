"""A sender that answers by a script and remembers every request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from queues.message import Message
from queues.ports import Clock
from queues.verdicts import Delivered, Exchange, Verdict

Script = Callable[[Message], Verdict]


@dataclass(slots=True)
class ScriptedSender:
    """
    Matches queues.ports.Sender.

    *script* gives each message's verdict; *whole* may give one verdict for all of a request before the script is asked.
    """

    clock: Clock
    script: Script = field(default=lambda _message: Delivered())
    whole: Callable[[Sequence[Message]], Verdict | None] = field(default=lambda _messages: None)
    answers: bool = True
    requests: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    seconds: float = 0.0
    in_hand: int = 0
    most_in_hand: int = 0

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        started_at = self.clock.now()
        self.requests.append((self.clock.monotonic(), tuple(message.key for message in messages)))
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        try:
            await self.clock.sleep(self.seconds)
        finally:
            self.in_hand -= 1
        exchange = Exchange(
            request="POST /sink",
            request_id=f"request-{len(self.requests)}",
            started_at=started_at,
            duration_ms=self.seconds * 1000,
            records=len(messages),
            status=200,
        )
        whole = self.whole(messages)
        return [_with(whole or self.script(message), exchange) for message in messages]

    async def probe(self) -> bool:
        return self.answers

    @property
    def sizes(self) -> list[int]:
        return [len(keys) for _, keys in self.requests]

    def times_of(self, key: str) -> list[float]:
        return [at for at, keys in self.requests if key in keys]


def _with(verdict: Verdict, exchange: Exchange) -> Verdict:
    return replace(verdict, exchange=exchange)
