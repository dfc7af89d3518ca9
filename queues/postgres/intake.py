"""Intake: which events came before, and whether new ones are accepted (DESIGN.md, section 5 and rule 14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import StateConflict
from queues.message import ChangeEvent
from queues.postgres.audit import Act, write_audit
from queues.postgres.engine import transact
from queues.postgres.texts import storable

_REMEMBER = text("""
    insert into intake_events (source, event_id)
    select source, event_id from unnest(cast(:source as text[]), cast(:event_id as text[])) as given (source, event_id)
    order by source, event_id
    on conflict do nothing
""")

_KNOWN = text("""
    select source, event_id from intake_events
    join unnest(cast(:source as text[]), cast(:event_id as text[])) as given (source, event_id) using (source, event_id)
""")

_READ = text("select stopped, by, why, since from intake_state where single")

_STOP = text("""
    insert into intake_state (single, stopped, by, why, since) values (true, true, :actor, :reason, now())
    on conflict (single) do update set stopped = true, by = excluded.by, why = excluded.why, since = now()
        where not intake_state.stopped
    returning single
""")

_RESUME = text("""
    update intake_state set stopped = false, by = :actor, why = :reason, since = now()
    where single and stopped
    returning single
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeState:
    """Whether new events are refused, and who said so, why and when; *since* is None if nobody ever did."""

    stopped: bool
    by: str = ""
    why: str = ""
    since: datetime | None = None


class PostgresIntake:
    """
    What intake remembers.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def known(self, events: Sequence[ChangeEvent]) -> Sequence[bool]:
        """Tell for each event whether it was taken in before, as far as the retention reaches."""
        if not events:
            return []

        async def work(connection: AsyncConnection) -> Sequence[bool]:
            rows = await connection.execute(_KNOWN, _columns(events))
            found = {(row.source, row.event_id) for row in rows}
            return [(event.source, event.id) in found for event in events]

        return await transact(self._engine, work)

    async def remember(self, events: Sequence[ChangeEvent]) -> None:
        """Note *events* after the broker has confirmed them; before, a crash would drop the sender's repeat."""
        if not events:
            return

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_REMEMBER, _columns(events))

        await transact(self._engine, work)

    async def state(self) -> IntakeState:
        """Tell whether new events are accepted."""

        async def work(connection: AsyncConnection) -> IntakeState:
            row = (await connection.execute(_READ)).one_or_none()
            return IntakeState(stopped=False) if row is None else _state(row)

        return await transact(self._engine, work)

    async def stop(self, act: Act) -> None:
        """
        Refuse new events from now on.

        Raises:
            StateConflict: they are refused already.
        """

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(_STOP, _who(act))).one_or_none() is None:
                raise StateConflict("intake is stopped already", state="stopped")
            await write_audit(connection, act, action="intake.stopped", target="intake", details={})

        await transact(self._engine, work)

    async def resume(self, act: Act) -> None:
        """
        Accept new events again.

        Raises:
            StateConflict: they are accepted.
        """

        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(_RESUME, _who(act))).one_or_none() is None:
                raise StateConflict("intake is not stopped", state="active")
            await write_audit(connection, act, action="intake.resumed", target="intake", details={})

        await transact(self._engine, work)


def _columns(events: Sequence[ChangeEvent]) -> dict[str, list[str]]:
    # Source and id identify an event; each pair once, in one order for all, so that nobody deadlocks.
    keys = sorted({(event.source, event.id) for event in events})
    return {"source": [source for source, _ in keys], "event_id": [event_id for _, event_id in keys]}


def _who(act: Act) -> dict[str, str]:
    return {"actor": storable(act.actor), "reason": storable(act.reason)}


def _state(row: Row[Any]) -> IntakeState:
    return IntakeState(stopped=row.stopped, by=row.by, why=row.why, since=row.since)
