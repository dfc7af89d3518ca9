"""What Prometheus reads: counters told by workers and middlewares, gauges asked of the stores at each scrape."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from queues.definition import QueueDefinition
from queues.ports import CheckSummary

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """
    The metrics of one process, in a registry of their own.

    Args:
        log_lines_dropped: counts the lines that no reader of the log took in time.
    """

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self, *, log_lines_dropped: Callable[[], int] = lambda: 0) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Gauge("connector_tasks", "Tasks of the event loop.", registry=registry).set_function(_count_tasks)
        registry.register(_CountedElsewhere("connector_log_lines_dropped", "Lines of the log lost.", log_lines_dropped))
        self._checks = Counter("connector_checks", "Checks made.", ["queue", "mode"], registry=registry)
        self._check_seconds = Histogram(
            "connector_check_seconds", "How long checks took.", ["queue"], registry=registry, buckets=SECONDS
        )
        self._requests = Counter(
            "connector_target_requests", "Requests made to a target.", ["queue"], registry=registry
        )
        self._outcomes = Counter(
            "connector_messages", "Attempts by what they came to.", ["queue", "outcome"], registry=registry
        )
        self._intake = Counter("connector_intake_events", "Events by intake verdict.", ["verdict"], registry=registry)
        self._reused_ids = Counter(
            "connector_intake_reused_ids", "Events under an id that came before with other content.", registry=registry
        )
        self._wrong_tokens = Counter(
            "connector_wrong_tokens", "Calls with a wrong token, by answer.", ["answer"], registry=registry
        )
        self._http = Histogram(
            "connector_http_request_seconds",
            "Requests answered by this daemon.",
            ["method", "route", "status"],
            registry=registry,
            buckets=SECONDS,
        )
        self._waiting = Gauge(
            "connector_queue_waiting", "Messages waiting, by where they wait.", ["queue", "place"], registry=registry
        )
        self._skipped = Gauge(
            "connector_queue_skipped_ticks", "Ticks that passed while a run was busy.", ["queue"], registry=registry
        )
        self._paused = Gauge("connector_queue_paused", "1 while a queue is paused.", ["queue"], registry=registry)
        self._oldest = Gauge(
            "connector_queue_oldest_seconds",
            "How long the oldest message has waited, at least.",
            ["queue"],
            registry=registry,
        )
        self._watchdogs = Gauge(
            "connector_watchdog",
            "1 while a watchdog finds something wrong, 0 when it is well again.",
            ["watchdog", "subject"],
            registry=registry,
        )
        self._raised: frozenset[tuple[str, str]] = frozenset()
        self._cut_short = Counter(
            "connector_checks_ended_early",
            "Checks that ended before their end.",
            ["queue", "reason"],
            registry=registry,
        )
        self._dead = Gauge("connector_dead_letters", "Dead letters by state.", ["state"], registry=registry)

    def record_check(self, definition: QueueDefinition, check: CheckSummary) -> None:
        """Count one finished check; workers call it (`on_check`)."""
        queue = definition.name
        self._checks.labels(queue, check.mode).inc()
        self._check_seconds.labels(queue).observe(check.duration_ms / 1000)
        self._requests.labels(queue).inc(check.requests)
        if check.ended_by:
            self._cut_short.labels(queue, check.ended_by).inc()
        for outcome, count in (
            ("delivered", check.delivered),
            ("skipped", check.skipped),
            ("retried", check.retried),
            ("failed", check.failed),
        ):
            self._outcomes.labels(queue, outcome).inc(count)

    def count_intake(self, verdicts: Mapping[str, int]) -> None:
        """Count events by `accepted`, `duplicate`, `refused` and `unavailable`."""
        for verdict, count in verdicts.items():
            self._intake.labels(verdict).inc(count)

    def count_reused_id(self) -> None:
        """Count an event whose source and id came before with other content: taken in, and its sender is at fault."""
        self._reused_ids.inc()

    def count_wrong_token(self, *, throttled: bool) -> None:
        """Count a call with a wrong token, answered 401 or, where there were too many, 429."""
        self._wrong_tokens.labels("429" if throttled else "401").inc()

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; *route* is the pattern, never the path, so that the series stay few."""
        self._http.labels(method if method in METHODS else "other", route, str(status)).observe(seconds)

    def set_queues(self, rows: Sequence[tuple[str, int, int | None, int, bool]]) -> None:
        """Set the gauges of each queue: name, waiting in the ledger, ready at the broker, skipped ticks, paused."""
        self._waiting.clear()
        for queue, ledger, ready, skipped, paused in rows:
            self._waiting.labels(queue, "ledger").set(ledger)
            if ready is not None:
                self._waiting.labels(queue, "broker").set(ready)
            self._skipped.labels(queue).set(skipped)
            self._paused.labels(queue).set(int(paused))

    def set_oldest(self, ages: Mapping[str, timedelta]) -> None:
        """Set how long the oldest message of each queue has waited."""
        for queue, age in ages.items():
            self._oldest.labels(queue).set(age.total_seconds())

    def set_watchdogs(self, raised: Sequence[tuple[str, str]]) -> None:
        """Show exactly these watchdogs and subjects as raised."""
        now = frozenset(raised)
        for each in self._raised - now:
            self._watchdogs.labels(*each).set(0)
        for each in now:
            self._watchdogs.labels(*each).set(1)
        self._raised = now

    def set_dead_letters(self, by_state: Mapping[str, int]) -> None:
        """Set the number of dead letters of each state."""
        for state in ("failed", "reprocessing", "reprocessed", "discarded", "superseded"):
            self._dead.labels(state).set(by_state.get(state, 0))

    def render(self) -> bytes:
        """Write everything in the text format of Prometheus."""
        return generate_latest(self._registry)


def _count_tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # nobody's loop is running
        return 0


class _CountedElsewhere(Collector):
    """A counter whose owner knows nothing of metrics."""

    def __init__(self, name: str, documentation: str, count: Callable[[], int]) -> None:
        self._name = name
        self._documentation = documentation
        self._count = count

    @override
    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily(self._name, self._documentation, value=self._count())
