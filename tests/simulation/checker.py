"""The rules that hold at every request, at every acknowledgement and at the end (RELIABILITY.md, section 2)."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from queues.errors import InvalidMessage
from queues.message import Message, decode, identify
from tests.simulation.broker import Broker
from tests.simulation.history import History
from tests.simulation.store import ENDED, Identity, Store
from tests.simulation.target import Request, Target

UNKNOWN = {"unknown", "unreachable", "undetermined"}
"""Recorded outcomes that leave open whether the target did it."""


@dataclass(slots=True)
class Checker:
    """
    Holds what happens against the invariants.

    Attributes:
        published: the bodies of all confirmed publishes.
        clicks: accepted reprocess clicks by message.
    """

    history: History
    store: Store
    queue: str
    is_supersedable: bool
    event_type: str
    published: list[bytes] = field(default_factory=list)
    clicks: Counter[str] = field(default_factory=Counter)
    _sent: Counter[Identity] = field(default_factory=Counter)
    _in_check: set[tuple[str, int, Identity]] = field(default_factory=set)
    _open: list[Request] = field(default_factory=list)

    # --- at every request -------------------------------------------------------------------------------------------

    def on_begin(self, request: Request) -> None:
        self._open = [each for each in self._open if not each.is_over]
        for each in self._open:
            if shared := each.keys & request.keys:
                self._break("overlap", request, f"{sorted(shared)} is in hand of {each.process.name}")
        self._open.append(request)
        if self._holder() not in request.process.runs:
            self._break("rule 7", request, "another process runs the queue")
        for message in request.messages:
            self._check_claim(request, message)
            self._check_order(request, message)
        check, until = request.process.limited
        if check == request.process.check and self.history.now() < until:
            self._break("rule 11", request, "before the time that the target asked for")
        if request.process.stop.is_requested and not request.is_continuing:
            self._break("rule 12", request, "after a stop was requested")

    def _holder(self) -> UUID | None:
        run = self.store.schedule.queues[self.queue].run
        return None if run is None else run.run_id

    def _check_claim(self, request: Request, message: Message) -> None:
        identity = (message.message_id, message.generation)
        row = self.store.ledger.rows.get(identity)
        if not request.is_continuing:
            self._sent[identity] += 1
            once = (request.process.name, request.process.check, identity)
            if once in self._in_check:
                self._break("rule 4", request, f"{message.event.id} was attempted in this check before")
            self._in_check.add(once)
        if row is None or self._sent[identity] > row.attempts:
            made = 0 if row is None else row.attempts
            self._break("I2", request, f"{message.event.id}: request {self._sent[identity]}, {made} attempts recorded")
        if row is not None and row.state in ENDED:
            self._break("I3", request, f"{message.event.id} is {row.state} already")
        elif row is not None and row.owner not in request.process.runs:
            self._break("I6", request, f"{message.event.id} is not claimed by {request.process.name}")
        elif row is not None and row.lease_until is not None and row.lease_until < self.store.now():
            self._break("I6", request, f"the claim of {message.event.id} has expired")

    def _check_order(self, request: Request, message: Message) -> None:
        newest = self.store.ledger.versions.get((self.queue, *message.scope))
        if self.is_supersedable and message.generation == 0 and newest is not None and newest > message.event.time:
            self._break("rule 13", request, f"{message.event.id} would overwrite a newer one")

    def _break(self, rule: str, request: Request, text: str) -> None:
        self.history.violate(rule, f"{request.process.name} sends, but {text}")

    # --- at every acknowledgement -----------------------------------------------------------------------------------

    def on_acknowledge(self, body: bytes) -> None:
        """I5: what is acknowledged has a durable fate."""
        message = read(body, self.event_type)
        if message is None:
            letter = self.store.ledger.letters.get(identify("", "", body))
            if letter is None:
                self.history.violate("I5", f"acknowledged without a dead letter: {body[:40]!r}")
            return
        row = self.store.ledger.rows.get((message.message_id, 0))
        if row is None or (row.state == "trying" and row.body is None):
            self.history.violate("I5", f"{message.event.id} was acknowledged without a fate")

    # --- at the end -------------------------------------------------------------------------------------------------

    def check_end(self, broker: Broker, target: Target) -> None:
        """I1, I2, I4, I7: of everything published, attempted and clicked."""
        if broker.messages or broker.takes:
            self.history.violate("quiet", f"{len(broker.messages)} messages and {len(broker.takes)} takes are left")
        for body in dict.fromkeys(self.published):
            self._check_fate(body)
        generations = Counter(str(message_id) for message_id, generation in self.store.ledger.rows if generation)
        if generations != self.clicks:
            self.history.violate("I4", f"{self.clicks - generations} lost, {generations - self.clicks} doubled")
        applied = Counter((each.message_id, each.generation) for each in target.applied)
        for identity, row in self.store.ledger.rows.items():
            names = [self.store.ledger.attempts.get((*identity, n), "none") for n in range(1, row.attempts + 1)]
            if self._sent[identity] > row.attempts:
                self.history.violate("I2", f"{identity}: {self._sent[identity]} requests, {row.attempts} attempts")
            # What was claimed beside a newer message that got delivered ends without a request.
            if "none" in names[:-1] or (names[-1:] == ["none"] and row.state != "superseded"):
                self.history.violate("I2", f"{identity}: an attempt without an outcome, {names}")
            surplus = applied[identity] - 1 - sum(name in UNKNOWN for name in names)
            if surplus > 0:
                self.history.violate("I7", f"{identity} was applied {applied[identity]} times, attempts {names}")

    def _check_fate(self, body: bytes) -> None:
        message = read(body, self.event_type)
        if message is None:
            if identify("", "", body) not in self.store.ledger.letters:
                self.history.violate("I1", f"no dead letter of {body[:40]!r}")
            return
        rows = [row for (message_id, _), row in self.store.ledger.rows.items() if message_id == message.message_id]
        if not rows:
            self.history.violate("I1", f"{message.event.id} is lost")
        elif any(row.state not in ENDED for row in rows):
            self.history.violate("quiet", f"{message.event.id} is {[row.state for row in rows]}")


def read(body: bytes, event_type: str) -> Message | None:
    """Read *body* as the worker of the simulation does; None where it must refuse it."""
    try:
        message = decode(body)
    except InvalidMessage:
        return None
    return message if message.event.type == event_type and "refuse" not in message.event.data else None
