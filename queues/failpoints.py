"""
Named points in the code at which a test has the process killed, frozen or asked to stop.

Armed by what `parse` reads: `settle.committed=kill`, `request.begun[AC-1005]=freeze`, `claim.committed=terminate@3`,
several with `;` between them. The name is one of `POINTS`; in brackets a record's key, without it any message; after
`@` at which pass, without it the first. A point that was not armed costs a call and a look at an empty dictionary.
"""

import os
import re
import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Action = Literal["kill", "freeze", "terminate"]

POINTS: Final = {
    "start.connected": "the database is open, the broker connected, nothing is declared",
    "start.declared": "database and broker are open, everything is declared, nothing works yet",
    "run.begun": "the run's lease is taken, nothing else has happened",
    "check.opened": "what waits is counted, nothing is taken",
    "take.delivered": "messages are in hand, nothing is written down",
    "collect.kept": "deliveries were brought into the ledger, and are not acknowledged",
    "claim.uncommitted": "the attempts are written, not committed",
    "claim.committed": "the attempts are written down, no request has left",
    "request.begun": "the request is about to leave",
    "request.answering": "the target has done it, its answer is not read",
    "request.answered": "the verdicts are known, nothing is written",
    "settle.begun": "a group of outcomes is about to be written",
    "settle.uncommitted": "the outcomes are written, not committed",
    "settle.committed": "the outcomes are written, nothing is acknowledged",
    "acknowledge.sent": "the acknowledgements were handed to the connection",
    "keep.uncommitted": "what was not tried is written into the ledger, not committed",
    "keep.committed": "what was not tried is in the ledger, nothing is acknowledged",
    "check.finished": "the check is over, and not in the run's record",
    "run.finished": "the run is over, its lease not given back",
    "lease.renewed": "the leases were renewed",
    "intake.confirmed": "the broker has the events, their sender has no answer",
    "intake.remembered": "the events are known by their ids, their sender has no answer",
    "requeue.uncommitted": "dead letters are being reprocessed, nothing is committed",
    "requeue.committed": "dead letters wait again, who asked has no answer",
    "sync.noted": "a page of a sync's run is noted, the next one not begun",
    "collector.stored": "what nobody routed is a dead letter, and is not acknowledged",
}
"""Every point, and what is and is not done when a process passes it."""

_ACTIONS: Final[dict[str, Action]] = {"kill": "kill", "freeze": "freeze", "terminate": "terminate"}
_SIGNALS: Final[dict[Action, signal.Signals]] = {
    "kill": signal.SIGKILL,
    "freeze": signal.SIGSTOP,
    "terminate": signal.SIGTERM,
}
_FORM: Final = re.compile(r"(?P<point>[a-z.]+)(\[(?P<key>[^\]]+)\])?=(?P<action>[a-z]+)(@(?P<passes>[1-9][0-9]{0,5}))?")


class Keyed(Protocol):
    """A message, as far as a failpoint is concerned."""

    @property
    def key(self) -> str:
        """The record's key."""


@dataclass(slots=True, kw_only=True)
class Trap:
    """
    What happens at one point, once.

    Attributes:
        point: its name.
        action: `kill` ends the process as SIGKILL does, `freeze` stops it until SIGCONT, `terminate` asks it to stop.
        key: only when a message of this record passes; None: whoever passes.
        passes: how often it is passed until it springs.
    """

    point: str
    action: Action
    key: str | None = None
    passes: int = 1


_armed: Final[dict[str, list[Trap]]] = {}


def parse(text: str) -> Sequence[Trap]:
    """
    Read the traps of *text*.

    Raises:
        ValueError: with what was expected.
    """
    traps = []
    for part in filter(None, (each.strip() for each in text.split(";"))):
        found = _FORM.fullmatch(part)
        if found is None or found["point"] not in POINTS or found["action"] not in _ACTIONS:
            raise ValueError("name=kill, freeze or terminate, with [key] after the name, @passes at the end, ; between")
        traps.append(
            Trap(
                point=found["point"],
                action=_ACTIONS[found["action"]],
                key=found["key"],
                passes=int(found["passes"] or 1),
            )
        )
    return traps


def arm(traps: Iterable[Trap]) -> None:
    """Set exactly these traps in this process."""
    _armed.clear()
    for trap in traps:
        _armed.setdefault(trap.point, []).append(trap)


def hit(point: str, messages: Iterable[Keyed] = ()) -> None:
    """Pass *point*, with the *messages* it is about; those are looked at only when a trap is armed."""
    if _armed:
        _pass(point, messages)


def _pass(point: str, messages: Iterable[Keyed]) -> None:
    keys = {message.key for message in messages}
    for trap in _armed.get(point, ()):
        if trap.passes and (trap.key is None or trap.key in keys):
            trap.passes -= 1
            if not trap.passes:
                # Past every buffer: the log would not get it out any more.
                os.write(2, f"failpoint {point}: {trap.action}\n".encode())
                os.kill(os.getpid(), _SIGNALS[trap.action])
