"""
The round of the watchdogs: looks every few seconds, tells what has changed, and knows the findings in between.

Each part keeps its findings while it cannot look: a database that is away makes no stuck lease well again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import structlog

from daemon.watch.findings import BROKER, DATABASE, Finding, Watchdog
from daemon.watch.judging import (
    Backlogs,
    Cancellations,
    Limits,
    Sample,
    judge_ages,
    judge_limit,
    judge_queues,
    judge_targets,
    judge_topology,
)
from queues.errors import BrokerUnavailable, DatabaseUnavailable, NotFound
from queues.ports import Clock
from queues.postgres.watching import QueueFacts
from queues.rabbitmq.delivery_limit import DeliveryLimit
from queues.rabbitmq.health import BrokerHealth
from queues.rabbitmq.inspection import Inspection

_log = structlog.stdlib.get_logger("daemon.watch")

LONGEST_PAUSE: Final = timedelta(seconds=15)
"""Between two rounds: what breaks is told well within a minute."""


class Database(Protocol):
    """Where the queues' state is read."""

    async def facts(self, queues: Sequence[str]) -> Sequence[QueueFacts]:
        """Read how *queues* stand. Raises DatabaseUnavailable."""


class Broker(Protocol):
    """What is asked of the broker."""

    async def health(self) -> BrokerHealth:
        """Tell how the connections are."""

    async def inspect(self) -> Inspection:
        """Compare the topology. Raises BrokerUnavailable."""

    async def delivery_limit(self) -> DeliveryLimit | None:
        """Tell whether the broker drops what is returned too often; None when that could not be found out."""

    async def ready(self, queue: str) -> int:
        """Count what is ready. Raises BrokerUnavailable, NotFound."""

    def cancelled(self, queue: str) -> int:
        """Count the consumers of *queue* that the broker has cancelled so far."""


class Gauges(Protocol):
    """Where the findings are shown as numbers."""

    def set_watchdogs(self, raised: Sequence[tuple[str, str]]) -> None:
        """Show exactly these watchdogs and subjects as raised."""

    def set_oldest(self, ages: Mapping[str, timedelta]) -> None:
        """Show the age of the oldest message of each queue."""


class FindingSource(Protocol):
    """Looks at something by itself."""

    @property
    def findings(self) -> Sequence[Finding]:
        """Give what it found when it looked last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """
    What is looked after.

    Attributes:
        queues: all queues of the instance.
        worked: those of them that this process runs.
    """

    queues: Sequence[str]
    worked: frozenset[str]


class Watch:
    """
    Looks after the queues of one instance.

    Args:
        watched: which.
        database: read at every round.
        broker: likewise.
        gauges: told after every round.
        clock: the pauses.
        limits: what is still well.
        others: whose findings are told with ours.
    """

    def __init__(
        self,
        watched: Watched,
        *,
        database: Database,
        broker: Broker,
        gauges: Gauges,
        clock: Clock,
        limits: Limits,
        others: Sequence[FindingSource] = (),
    ) -> None:
        self._watched = watched
        self._database = database
        self._broker = broker
        self._gauges = gauges
        self._clock = clock
        self._limits = limits
        self._others = others
        self._pause = min(LONGEST_PAUSE, limits.interval).total_seconds()
        self._backlogs = Backlogs()
        self._cancellations = Cancellations()
        self._queue_findings: list[Finding] = []
        self._age_findings: Sequence[Finding] = ()
        self._topology_findings: Sequence[Finding] = ()
        self._raised: dict[tuple[Watchdog, str], float] = {}
        self.findings: Sequence[Finding] = ()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self._clock.sleep(self._pause)
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - the one broad catch of this loop: a fault of ours must not end the watch
                _log.exception("watch.crashed")

    async def look(self) -> None:
        """Make one round: look at everything, tell what has changed."""
        findings: list[Finding] = []
        try:
            facts = await self._database.facts(self._watched.queues)
        except DatabaseUnavailable as error:
            facts = []
            _log.debug("watch.database_lost", reason=str(error))
            findings.append(_lost("database_lost", DATABASE, "not reachable"))
        else:
            # What no worker of ours runs waits for nobody's tick; its lease may be stuck all the same.
            self._queue_findings = [
                each
                for each in judge_queues(facts, self._limits)
                if each.watchdog == "lease_stuck" or each.subject in self._watched.worked
            ]
            self._queue_findings += judge_targets([each for each in facts if each.queue in self._watched.worked])
            self._queue_findings += filter(
                None, (self._cancellations.note(each, self._broker.cancelled(each.queue)) for each in facts)
            )
        findings += await self._broker_findings(facts)
        findings += (each for other in self._others for each in other.findings)
        self._conclude([*findings, *self._queue_findings, *self._topology_findings, *self._age_findings])

    async def _broker_findings(self, facts: Sequence[QueueFacts]) -> list[Finding]:
        health = await self._broker.health()
        findings: list[Finding] = []
        if not health.is_connected:
            findings.append(_lost("broker_lost", BROKER, "not connected"))
        if health.is_blocked:
            findings.append(_lost("publishing_blocked", BROKER, "an alarm (memory or disk) blocks publishers"))
        findings += judge_limit(await self._broker.delivery_limit())
        try:
            self._topology_findings = judge_topology(await self._broker.inspect())
        except BrokerUnavailable as error:
            _log.debug("watch.not_inspected", reason=str(error))
        if facts:
            ages = {each.queue: await self._age(each) for each in facts}
            live = frozenset(each.queue for each in facts if each.queue in self._watched.worked and not each.is_paused)
            self._age_findings = judge_ages(ages, live=live, limits=self._limits)
            self._gauges.set_oldest(ages)
        return findings

    async def _age(self, facts: QueueFacts) -> timedelta:
        """Tell how long the oldest message has waited; what the broker does not tell just now has not changed."""
        stored = facts.now - facts.oldest_stored_at if facts.oldest_stored_at else timedelta(0)
        try:
            ready = await self._broker.ready(facts.queue)
        except NotFound:  # told by the inspection
            ready = 0
        except BrokerUnavailable:
            ready = None
        sample = Sample(at=facts.now, ready=ready, taken_at=facts.last_complete_run_at)
        return max(stored, self._backlogs.note(facts.queue, sample))

    def _conclude(self, findings: Sequence[Finding]) -> None:
        self.findings = findings
        now = {(each.watchdog, each.subject): each for each in findings}
        for key, finding in now.items():
            if key not in self._raised:
                self._raised[key] = self._clock.monotonic()
                _log.warning("watchdog.raised", watchdog=key[0], subject=key[1], reason=finding.reason)
        for key in self._raised.keys() - now.keys():
            lasted = self._clock.monotonic() - self._raised.pop(key)
            _log.info("watchdog.cleared", watchdog=key[0], subject=key[1], lasted_seconds=round(lasted, 1))
        self._gauges.set_watchdogs(list(now))


def _lost(watchdog: Watchdog, subject: str, reason: str) -> Finding:
    return Finding(watchdog=watchdog, subject=subject, reason=reason)
