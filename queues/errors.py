"""
What the engine raises.

    QueueError
    ├── InvalidMessage       the bytes are no event; a person must look (never retried)
    ├── InvalidSettings      a value outside its range; carries field, range and value
    ├── NotFound             no such queue, dead letter or settings version
    ├── StateConflict        the thing is not in a state that allows the act; carries the live state
    │   └── SchemaTooNew       a later release than this one has migrated the database
    ├── LeaseLost            another worker runs this queue now; write nothing more
    ├── BrokerUnavailable    RabbitMQ did not do it in time, or refused it
    │   └── ConsumerCancelled  it cancelled a consumer of ours, as it does when a queue is deleted or moves
    └── DatabaseUnavailable  PostgreSQL did not do it in time, or refused it

What a target answers is a verdict (a value, `queues.verdicts`), not an exception.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override


class QueueError(Exception):
    """The root of everything the engine raises on purpose."""


class InvalidMessage(QueueError):
    """
    The bytes cannot be read as an event.

    Args:
        code: stable, for programs: `not_json`, `too_large`, `missing`, `invalid`, `unknown_type` …
        member: the JSON member at fault (`data.price`), empty when it is the whole body.
        text: what was expected and what came.
    """

    def __init__(self, *, code: str, member: str, text: str) -> None:
        super().__init__(f"{member}: {text}" if member else text)
        self.code = code
        self.member = member
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFault:
    """One setting that was refused: the *field*, what it may hold and what came."""

    field: str
    expected: str
    value: object

    @override
    def __str__(self) -> str:
        """Tell the fault in one line, for people."""
        return f"{self.field} must be {self.expected}, got {self.value!r}"


class InvalidSettings(QueueError):
    """One or more settings are out of range; `faults` names all of them at once."""

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)


class NotFound(QueueError):
    """There is no such *thing* (`queue`, `dead letter`, …) named *name*."""

    def __init__(self, thing: str, name: str) -> None:
        super().__init__(f"there is no {thing} {name}")
        self.thing = thing
        self.name = name


class StateConflict(QueueError):
    """The *thing* is in *state*, which does not allow the act."""

    def __init__(self, text: str, *, state: str) -> None:
        super().__init__(text)
        self.state = state


class SchemaTooNew(StateConflict):
    """The database has a schema that this release does not know: a later one made it."""


class LeaseLost(QueueError):
    """Another worker took this queue over; the holder of the old lease must write nothing more."""


class BrokerUnavailable(QueueError):
    """RabbitMQ cannot be reached, did not confirm in time, or refused; the outcome of a publish is then unknown."""


class ConsumerCancelled(BrokerUnavailable):
    """RabbitMQ cancelled the consumer; what was in hand comes back."""


class DatabaseUnavailable(QueueError):
    """PostgreSQL cannot be reached, did not answer in time, or refused; the outcome of a commit is then unknown."""
