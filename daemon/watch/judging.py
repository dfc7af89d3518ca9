"""From what the database and the broker tell to findings; pure, time is an argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.watch.findings import BROKER, Finding, Watchdog
from queues.postgres.watching import QueueFacts
from queues.rabbitmq.delivery_limit import DeliveryLimit
from queues.rabbitmq.inspection import Inspection

LATE_TICKS: Final = 2
"""Ticks a queue may be late before its schedule counts as not kept: a restart misses one."""

_CUT_SHORT_BY_TARGET: Final = frozenset({"target_unreachable", "credentials_refused", "on_hold"})
_CUT_SHORT_BY_BROKER: Final = frozenset({"broker_unavailable", "queue_missing", "consumer_cancelled"})
_TWICE: Final = 2
"""One check that the broker cut short is mended by the next one; two in a row are a fault that stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    How long things may take.

    Attributes:
        interval: from one run of a queue to the next.
        run_lease: the longest a lease can reach ahead of now.
        standstill: a run in hand that has done nothing for so long is stuck; longer than one call of a sender takes.
        oldest_message: a message may wait so long in a queue that is run.
    """

    interval: timedelta
    run_lease: timedelta
    standstill: timedelta
    oldest_message: timedelta


def judge_queues(queues: Sequence[QueueFacts], limits: Limits) -> list[Finding]:
    """Find schedules that are not kept, leases that are stuck and checks that the broker cuts short."""
    return [
        finding
        for facts in queues
        for finding in (_late(facts, limits), _stuck(facts, limits), _cut_short(facts))
        if finding is not None
    ]


def judge_targets(queues: Sequence[QueueFacts]) -> list[Finding]:
    """
    Find targets that are away: one finding for each, however many queues and messages are hit.

    A queue says so with its newest check. A target that nothing waits for is away unnoticed, and nobody's trouble.
    """
    away: dict[str, list[str]] = {}
    for facts in queues:
        if (
            not facts.is_paused
            and facts.last_checks_ended_by[:1]
            and facts.last_checks_ended_by[0] in _CUT_SHORT_BY_TARGET
        ):
            away.setdefault(_target_of(facts.queue), []).append(f"{facts.queue} ({facts.last_checks_ended_by[0]})")
    return [
        _found("target_lost", target, f"checks end early: {', '.join(sorted(told))}") for target, told in away.items()
    ]


def judge_ages(ages: Mapping[str, timedelta], *, live: frozenset[str], limits: Limits) -> list[Finding]:
    """Find messages that have waited too long in a queue of *live*: one that is run and not paused."""
    return [
        _found("message_old", queue, f"the oldest message has waited for {told(age)}")
        for queue, age in ages.items()
        if queue in live and age > limits.oldest_message
    ]


def judge_topology(inspection: Inspection) -> list[Finding]:
    """Find queues and exchanges that are gone, or stand there otherwise than declared."""
    return [
        *(
            _found("missing_at_broker", each.name, f"{each.text}; a daemon that starts declares it anew")
            for each in inspection.missing
        ),
        *(_found("differs_at_broker", each.name, each.text) for each in inspection.differences),
    ]


def judge_limit(limit: DeliveryLimit | None) -> list[Finding]:
    """Find a broker that drops what is returned too often; one that could not be asked is none."""
    return [_found("delivery_limit", BROKER, limit.remedy)] if limit is not None and limit.bites else []


def told(span: timedelta) -> str:
    """Tell a span in whole seconds."""
    return f"{span.total_seconds():.0f} s"


def _target_of(queue: str) -> str:
    """Name the target of a queue `<instance>.to_<target>.<entity>`."""
    return queue.split(".")[-2].removeprefix("to_")


def _late(facts: QueueFacts, limits: Limits) -> Finding | None:
    lateness = facts.now - facts.next_run_at
    if facts.is_paused or facts.is_held or lateness <= LATE_TICKS * limits.interval:
        return None
    return _found("schedule_late", facts.queue, f"a run has been due for {told(lateness)}")


def _stuck(facts: QueueFacts, limits: Limits) -> Finding | None:
    if not facts.is_held or facts.lease_until is None:
        return None
    ahead = facts.lease_until - facts.now
    if ahead > 2 * limits.run_lease:
        return _found("lease_stuck", facts.queue, f"{facts.worker or 'nobody'} holds it for another {told(ahead)}")
    idle = facts.now - facts.last_sign_at if facts.last_sign_at else timedelta(0)
    if idle > limits.standstill:
        return _found(
            "lease_stuck", facts.queue, f"{facts.worker or 'nobody'} holds it and did nothing for {told(idle)}"
        )
    return None


def _cut_short(facts: QueueFacts) -> Finding | None:
    recent = facts.last_checks_ended_by[:_TWICE]
    if not recent or recent[0] not in _CUT_SHORT_BY_BROKER:
        return None
    if len(recent) == _TWICE and recent[1] in _CUT_SHORT_BY_BROKER:
        return _found("checks_failing", facts.queue, f"the broker cuts every check short: {recent[0]}")
    return None


def _found(watchdog: Watchdog, subject: str, reason: str) -> Finding:
    return Finding(watchdog=watchdog, subject=subject, reason=reason)


class Cancellations:
    """The queues whose consumer the broker cancelled, until a run that began later has made a whole check."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._at: dict[str, datetime] = {}

    def note(self, facts: QueueFacts, count: int) -> Finding | None:
        """Note that the broker has cancelled *count* consumers of a queue so far."""
        if count > self._known.get(facts.queue, 0):
            self._known[facts.queue], self._at[facts.queue] = count, facts.now
        at = self._at.get(facts.queue)
        if at is not None and facts.last_complete_run_at is not None and facts.last_complete_run_at > at:
            del self._at[facts.queue]
        if facts.queue not in self._at:
            return None
        return _found("consumer_cancelled", facts.queue, "the broker cancelled its consumer; the next run goes on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    What one look at a queue's broker part found.

    Attributes:
        at: by the database's clock.
        ready: messages there; None when the broker did not tell.
        taken_at: a run that began then has made a check that took all there was; None if none is known.
    """

    at: datetime
    ready: int | None
    taken_at: datetime | None


class Backlogs:
    """
    How long the oldest message at the broker has waited, at least.

    The broker tells how many messages there are, not how old: looking at one would count as a delivery. But a check
    that was not cut short has taken whatever was there when it began. So a message has been there since the first
    look that found any, unless such a check began later.
    """

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def note(self, queue: str, sample: Sample) -> timedelta:
        """Note *sample*; give the age of the oldest message, nothing for an empty queue."""
        if sample.ready == 0:
            self._since.pop(queue, None)
        since = self._since.get(queue)
        if sample.ready and (since is None or (sample.taken_at is not None and sample.taken_at > since)):
            since = self._since[queue] = sample.at
        return timedelta(0) if since is None else sample.at - since
