"""What happened in a run, as it was seen from outside: the only thing the checker believes besides the two servers."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Publication = Literal["tried", "confirmed"]


@dataclass(slots=True, eq=False, kw_only=True)
class ShopRequest:
    """
    A request at the shop that was to change records.

    Attributes:
        at: when it had arrived, seconds since the epoch; all clocks of a run are those of one machine.
        member: the daemon that made it.
        keys: of its records, in their order.
        applied: the keys of the records that the shop has changed.
        answered_at: None while it is not answered; it may never be.
        is_undetermined: it was refused as a whole without a word about which record was bad.
    """

    at: float
    member: str
    request_id: str
    path: str
    keys: tuple[str, ...]
    applied: frozenset[str] = frozenset()
    answered_at: float | None = None
    status: int | None = None
    is_undetermined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedFault:
    """A fault that was really done; *seconds* after the run began."""

    seconds: float
    name: str
    told: str


@dataclass(slots=True)
class History:
    """
    Everything of one run.

    Attributes:
        publications: how each message was published at best; `tried`: nobody confirmed it, it may be there or not.
        keys: the record key of each message; empty for bytes that are no event.
        requests: at the shop, in the order of their arrival.
        clicks: accepted reprocess clicks, by dead letter.
        unsure_clicks: clicks whose answer got lost, by dead letter.
        discards: dead letters that a person has discarded, or may have.
        retry_counts: every Retry Count that was in force, or may have been.
        request_seconds: what a daemon gives the shop for an answer.
        unexpected_exits: processes that ended though nobody had ended them; they were started again.
        last_exit_codes: of the daemons when they were asked to stop at the very end.
        frozen: for each member the times between which its process stood still, seconds since the epoch.
    """

    request_seconds: float
    publications: dict[UUID, Publication] = field(default_factory=dict)
    keys: dict[UUID, str] = field(default_factory=dict)
    requests: list[ShopRequest] = field(default_factory=list)
    clicks: Counter[int] = field(default_factory=Counter)
    unsure_clicks: Counter[int] = field(default_factory=Counter)
    discards: set[int] = field(default_factory=set)
    retry_counts: set[int] = field(default_factory=set)
    frozen: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    faults: list[InjectedFault] = field(default_factory=list)
    unexpected_exits: list[str] = field(default_factory=list)
    last_exit_codes: list[int] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def note_fault(self, name: str, told: str = "") -> None:
        self.faults.append(InjectedFault(seconds=time.monotonic() - self.began, name=name, told=told))

    def faults_by_name(self) -> Mapping[str, int]:
        return Counter(fault.name for fault in self.faults)
