"""Intake: which events came before, and whether new ones are accepted (DESIGN.md, section 5 and rule 14)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import StateConflict
from queues.message import Message
from queues.postgres.audit import Act, write_audit
from queues.postgres.engine import transact
from queues.postgres.texts import storable

_REMEMBER = text("""
    insert into intake_events (source, event_id, message_id)
    select source, event_id, message_id
    from unnest(cast(:source as text[]), cast(:event_id as text[]), cast(:message_id as uuid[]))
        as given (source, event_id, message_id)
    order by source, event_id, message_id
    on conflict do nothing
""")

_KNOWN = text("""
    select source, event_id, intake_events.message_id from intake_events
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


Familiarity = Literal["new", "repeat", "id_reused"]
"""`id_reused`: source and id came before with other content; that is another message, and it is not swallowed."""


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

    async def known(self, messages: Sequence[Message]) -> Sequence[Familiarity]:
        """Tell for each event whether it was taken in before, as far as the retention reaches."""
        if not messages:
            return []

        async def work(connection: AsyncConnection) -> Sequence[Familiarity]:
            columns = _columns(messages)
            rows = await connection.execute(_KNOWN, {name: columns[name] for name in ("source", "event_id")})
            found: dict[tuple[str, str], set[UUID]] = {}
            for row in rows:
                found.setdefault((row.source, row.event_id), set()).add(row.message_id)
            return [_familiarity(each, found.get((each.event.source, each.event.id), set())) for each in messages]

        return await transact(self._engine, work)

    async def remember(self, messages: Sequence[Message]) -> None:
        """Note *messages* after the broker has confirmed them; before, a crash would drop the sender's repeat."""
        if not messages:
            return

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_REMEMBER, _columns(messages))

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


def _familiarity(message: Message, known: Collection[UUID]) -> Familiarity:
    if message.message_id in known:
        return "repeat"
    return "id_reused" if known else "new"


def _columns(messages: Sequence[Message]) -> dict[str, list[Any]]:
    # Each once, in one order for all, so that nobody deadlocks.
    keys = sorted({(each.event.source, each.event.id, each.message_id) for each in messages})
    return {
        "source": [source for source, _, _ in keys],
        "event_id": [event_id for _, event_id, _ in keys],
        "message_id": [message_id for _, _, message_id in keys],
    }


def _who(act: Act) -> dict[str, str]:
    return {"actor": storable(act.actor), "reason": storable(act.reason)}


def _state(row: Row[Any]) -> IntakeState:
    return IntakeState(stopped=row.stopped, by=row.by, why=row.why, since=row.since)
