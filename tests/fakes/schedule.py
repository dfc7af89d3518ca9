"""A schedule in memory: matches queues.ports.Schedule and passes the same contract suite as the one in PostgreSQL."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from queues.errors import LeaseLost, NotFound
from queues.ports import CheckSummary, CheckTerms, Clock, NotDue, RunLease
from queues.settings import QueueProcessingSettings, SettingsSnapshot
from queues.window import NextTick, due_tick, is_due, next_tick

LONGEST_WAIT = timedelta(seconds=1)
SHORTEST_WAIT = timedelta(milliseconds=20)


@dataclass(slots=True)
class QueueRow:
    next_run_at: datetime
    run: RunLease | None = None
    lease_until: datetime | None = None
    fencing_token: int = 0
    skipped_ticks: int = 0
    run_requested: bool = False
    paused: bool = False
    hold_until: datetime | None = None
    on_hold: bool = False
    held_up_at: datetime | None = None


class FakeSchedule:
    """Keeps queues and runs in plain dictionaries; its clock is the one given."""

    def __init__(
        self,
        clock: Clock,
        *,
        interval: timedelta = timedelta(seconds=60),
        lease: timedelta = timedelta(seconds=60),
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._lease = lease
        self.settings = SettingsSnapshot(version=0, settings=QueueProcessingSettings())
        self.queues: dict[str, QueueRow] = {}
        self.checks: dict[UUID, list[CheckSummary]] = {}

    # --- the port ---------------------------------------------------------------------------------------------------

    async def begin_run(self, queue: str) -> RunLease | NotDue:
        row, now = self._row(queue), self._clock.now()
        if row.lease_until is not None and row.lease_until > now:
            return NotDue(wait=_bounded(row.lease_until - now))
        if row.paused:
            return NotDue(wait=LONGEST_WAIT)
        if not row.run_requested and not is_due(row.next_run_at, now=now, interval=self._interval):
            return NotDue(wait=_bounded(row.next_run_at - now))
        served = (
            NextTick(at=now, skipped=0)
            if row.run_requested
            else due_tick(row.next_run_at, now=now, interval=self._interval)
        )
        row.fencing_token += 1
        row.run_requested = False
        row.skipped_ticks += served.skipped
        row.next_run_at = served.at + self._interval
        row.run = RunLease(
            queue=queue,
            run_id=uuid4(),
            fencing_token=row.fencing_token,
            tick=served.at,
            follows_loss=row.run is not None,
        )
        row.lease_until = now + self._lease
        self.checks[row.run.run_id] = []
        return row.run

    async def renew(self, lease: RunLease, *, held_up: bool = False) -> None:
        row, now = self._held(lease), self._clock.now()
        row.lease_until = now + self._lease
        if held_up:
            row.held_up_at = now

    async def record_check(self, lease: RunLease, check: CheckSummary) -> None:
        self._held(lease)
        self.checks[lease.run_id].append(replace(check))

    async def end_run(self, lease: RunLease) -> None:
        row = self._row(lease.queue)
        if row.run != lease:
            return
        following = next_tick(lease.tick, now=self._clock.now(), interval=self._interval)
        row.run, row.lease_until = None, None
        row.next_run_at = following.at
        row.skipped_ticks += following.skipped

    async def terms(self, queue: str) -> CheckTerms:
        row = self._row(queue)
        is_past = row.hold_until is None or row.hold_until <= self._clock.now()
        return CheckTerms(
            settings=self.settings,
            paused=row.paused,
            hold_until=None if is_past else row.hold_until,
            on_hold=row.on_hold,
        )

    async def hold_until(self, lease: RunLease, seconds: float) -> None:
        row, until = self._held(lease), self._clock.now() + timedelta(seconds=seconds)
        row.hold_until = until if row.hold_until is None else max(row.hold_until, until)

    async def set_on_hold(self, lease: RunLease, *, on_hold: bool, reason: str) -> None:  # noqa: ARG002 - the port's signature
        self._held(lease).on_hold = on_hold

    # --- for tests --------------------------------------------------------------------------------------------------

    async def register(self, queue: str) -> None:
        """Make a queue known, due at once; one that is known already keeps its grid."""
        self.queues.setdefault(queue, QueueRow(next_run_at=self._clock.now()))

    async def pause(self, queue: str) -> None:
        self._row(queue).paused = True

    async def resume(self, queue: str) -> None:
        """Go on at the next tick; ticks that passed meanwhile were not missed."""
        row, now = self._row(queue), self._clock.now()
        row.paused = False
        if row.next_run_at <= now:
            row.next_run_at = due_tick(row.next_run_at, now=now, interval=self._interval).at + self._interval

    async def run_now(self, queue: str) -> None:
        self._row(queue).run_requested = True

    def use(self, settings: QueueProcessingSettings) -> None:
        """Change the settings as a person would: a new version."""
        self.settings = SettingsSnapshot(version=self.settings.version + 1, settings=settings)

    def skipped_ticks(self, queue: str) -> int:
        return self._row(queue).skipped_ticks

    # --- inside -----------------------------------------------------------------------------------------------------

    def _row(self, queue: str) -> QueueRow:
        try:
            return self.queues[queue]
        except KeyError:
            raise NotFound("queue", queue) from None

    def _held(self, lease: RunLease) -> QueueRow:
        row = self._row(lease.queue)
        if row.run != lease:
            raise LeaseLost(f"another run holds {lease.queue}")
        return row


def _bounded(wait: timedelta) -> timedelta:
    return min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)
