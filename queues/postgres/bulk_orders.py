"""Acts on many dead letters as values: what is wanted, what came of it, and why it was refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from queues.postgres.audit import Act
from queues.postgres.letters import DeadLetterFilter, Skipped

BulkAction = Literal["reprocess", "discard"]
BulkEnd = Literal["finished", "left", "stopped", "lost"]
"""`left`: whoever asked for it went away; `stopped`: the daemon stops; `lost`: another took it for dead."""

Interruption = Callable[[], BulkEnd | None]
"""Asked before every chunk whether to end here, and why; None to go on."""

MOST_AT_ONCE: Final = 100_000
"""Dead letters of one act."""
CONFIRM_ABOVE: Final = 10_000
"""An act by filter on more than these, which is more than can be listed by id, needs the number it is about."""
SKIPPED_SHOWN: Final = 1_000
"""Those beyond are only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    Which dead letters are meant: those of *ids*, or the open ones that match *wanted*; one of them is given.

    Attributes:
        limit: of those that match, so many of the oldest failures; None: all, if they are not too many.
    """

    ids: tuple[int, ...] | None = None
    wanted: DeadLetterFilter = field(default_factory=DeadLetterFilter)
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrder:
    """
    An act on many.

    Attributes:
        expected_count: how many whoever asks for it believes it is about; None: they did not say.
    """

    action: BulkAction
    choice: Choice
    act: Act
    expected_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCount:
    """How many an act would be about; *as_of* given back as the filter's `until` keeps later failures out."""

    count: int
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkDone:
    """
    What came of an act on many.

    Attributes:
        matched: how many it was about.
        skipped: those whose state did not allow it, the first thousand.
        skipped_count: all of them.
    """

    bulk_id: int
    matched: int
    done: int
    skipped: Sequence[Skipped]
    skipped_count: int
    ended_by: BulkEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class AnotherRuns:
    """Refused: another act on many is under way."""

    action: BulkAction
    actor: str
    since: datetime
    matched: int
    done: int


@dataclass(frozen=True, slots=True)
class CountDiffers:
    """Refused: it would be about another number than was expected."""

    count: int


@dataclass(frozen=True, slots=True)
class NotConfirmed:
    """Refused: it is about so many that the number must be given."""

    count: int


@dataclass(frozen=True, slots=True)
class TooMany:
    """Refused: it is about more than `MOST_AT_ONCE`."""


BulkRefusal = AnotherRuns | CountDiffers | NotConfirmed | TooMany
