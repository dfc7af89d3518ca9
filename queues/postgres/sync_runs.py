"""Runs of syncs: asked for, carried out page by page by one replica, resumed by another after a crash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import LeaseLost, NotFound, StateConflict
from queues.postgres.audit import Act, write_audit
from queues.postgres.engine import transact
from queues.postgres.texts import storable

RunKind = Literal["changes", "complete", "individual"]
RunMode = Literal["manual", "auto"]
SyncRunState = Literal["waiting", "processing", "success", "error", "stopped"]
LineLevel = Literal["info", "warning", "error"]

_COLUMNS = """
    id, sync, kind, mode, state, key, actor, reason, since, until, position, noted, error, asked_at, started_at,
    ended_at, index_state, index_error
"""

_ASK = text(f"""
    insert into sync_runs (sync, kind, mode, key, actor, reason, since)
    select cast(:sync as text), cast(:kind as text), cast(:mode as text), cast(:key as text), cast(:actor as text),
           cast(:reason as text),
           case when cast(:kind as text) = 'changes' then coalesce((
               select max(until) from sync_runs
               where sync = cast(:sync as text) and state = 'success' and kind <> 'individual'),
               cast(:floor as timestamptz)) end
    on conflict (sync) where state in ('waiting', 'processing') and kind <> 'individual' do nothing
    returning {_COLUMNS}
""")  # noqa: S608 - put together from constants only

_OPEN = text("""
    select state from sync_runs
    where sync = :sync and state in ('waiting', 'processing') and kind <> 'individual'
""")

_TAKE = text(f"""
    with next as (
        select id from sync_runs
        where (state = 'waiting' or (state = 'processing' and lease_until < now()))
          and (kind = 'individual') = cast(:individual as bool)
        order by id limit 1 for update skip locked
    )
    update sync_runs r
    set state = 'processing', owner = cast(:owner as uuid), lease_until = now() + cast(:lease as interval),
        started_at = coalesce(started_at, now())
    from next where r.id = next.id
    returning {", ".join(f"r.{name.strip()}" for name in _COLUMNS.split(","))}
""")  # noqa: S608 - put together from constants only

_PROGRESS = text("""
    update sync_runs
    set position = :position, until = greatest(until, cast(:until as timestamptz)), noted = noted + :noted,
        lease_until = now() + cast(:lease as interval)
    where id = :id and owner = cast(:owner as uuid) and state = 'processing'
    returning id
""")

_RENEW = text("""
    update sync_runs set lease_until = now() + cast(:lease as interval)
    where id = :id and owner = cast(:owner as uuid) and state = 'processing'
    returning id
""")

_LEAVE = text("""
    update sync_runs set owner = null, lease_until = now()
    where id = :id and owner = cast(:owner as uuid) and state = 'processing'
""")

_END = text("""
    update sync_runs
    set state = cast(:state as text), error = :error, ended_at = now(), owner = null, lease_until = null,
        until = case when cast(:state as text) = 'success' then coalesce(until, started_at) else until end,
        index_state = cast(:index_state as text),
        index_since = case when cast(:index_state as text) <> '' then now() end
    where id = :id and owner = cast(:owner as uuid) and state = 'processing'
    returning id
""")

_STOP = text(f"""
    update sync_runs set state = 'stopped', error = :reason, ended_at = now(), owner = null, lease_until = null
    where id = :id and state in ('waiting', 'processing')
    returning {_COLUMNS}
""")  # noqa: S608 - put together from constants only

_STATE = text("select state from sync_runs where id = :id")

_LIST = text(f"""
    select {_COLUMNS} from sync_runs
    where (cast(:sync as text) is null or sync = cast(:sync as text))
      and (cast(:before as bigint) is null or id < cast(:before as bigint))
    order by id desc limit :limit
""")  # noqa: S608 - put together from constants only

_SHOW = text(f"select {_COLUMNS} from sync_runs where id = :id")  # noqa: S608 - put together from constants only

_TELL = text("insert into sync_run_lines (run_id, level, text) values (:run_id, :level, :text)")

_LINES = text("""
    select id, at, level, text from sync_run_lines
    where run_id = :run_id and id > :after order by id limit :limit
""")

_LAST = text(f"""
    select distinct on (sync) {_COLUMNS} from sync_runs where kind <> 'individual' order by sync, id desc
""")  # noqa: S608 - put together from constants only


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRun:
    """
    One run of a sync.

    Attributes:
        sync: whose records it looks at: a sync, or an event type for a part of one.
        since: changes from then on, by the source's clock; None: all records.
        until: the greatest stamp seen so far, by the source's clock; after a success without any, when it began.
        position: where the next page begins; empty at the start.
        noted: records noted to be looked at so far.
        index_state: of the step after it: `capturing`, `delivering`, `calling`, `done`, `failed`; empty without one.
    """

    id: int
    sync: str
    kind: RunKind
    mode: RunMode
    state: SyncRunState
    key: str
    actor: str
    reason: str
    since: datetime | None
    until: datetime | None
    position: str
    noted: int
    error: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    index_state: str = ""
    index_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One line of what a run tells."""

    id: int
    at: datetime
    level: LineLevel
    text: str


class PostgresSyncRuns:
    """
    The runs of syncs.

    Args:
        engine: from `open_engine`; shared with the other stores.
        lease: how long a run is left to whoever carries it out, unless it is renewed.
    """

    def __init__(self, engine: AsyncEngine, *, lease: timedelta = timedelta(seconds=30)) -> None:
        self._engine = engine
        self._lease = lease

    async def ask(self, sync: str, kind: RunKind, act: Act, *, mode: RunMode = "manual", key: str = "") -> SyncRun:
        """
        Ask for a run; of `changes` it looks from the end of the last success on.

        Raises:
            StateConflict: one of this sync is waiting or under way.
        """

        async def work(connection: AsyncConnection) -> SyncRun:
            run = await insert_run(
                connection, sync, kind, mode=mode, key=key, actor=act.actor, reason=act.reason, floor=None
            )
            if run is None:
                state = (await connection.execute(_OPEN, {"sync": sync})).scalar_one_or_none() or "waiting"
                raise StateConflict(f"a run of {sync} is {state} already", state=state)
            details = {"run": run.id, "kind": kind, "mode": mode}
            await write_audit(connection, act, action="sync.asked", target=key or sync, details=details)
            return run

        return await transact(self._engine, work)

    async def take(self, owner: UUID, *, individual: bool = False) -> SyncRun | None:
        """
        Take the oldest run that waits, or that its owner left behind; None if there is none.

        Args:
            owner: who carries it out.
            individual: one of a single record, which waits for no others.
        """
        values = {"owner": owner, "lease": self._lease, "individual": individual}

        async def work(connection: AsyncConnection) -> SyncRun | None:
            row = (await connection.execute(_TAKE, values)).one_or_none()
            return None if row is None else _run(row)

        return await transact(self._engine, work)

    async def renew(self, run: SyncRun, owner: UUID) -> None:
        """
        Keep a run whose page takes long.

        Raises:
            LeaseLost: it was stopped, or another carries it out now.
        """
        await self._write(run, _RENEW, {"id": run.id, "owner": owner, "lease": self._lease})

    async def leave(self, run: SyncRun, owner: UUID) -> None:
        """Leave a run to whoever comes next, at once; nothing if it is not ours."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_LEAVE, {"id": run.id, "owner": owner})

        await transact(self._engine, work)

    async def progress(self, run: SyncRun, owner: UUID, *, position: str, until: datetime | None, noted: int) -> None:
        """
        Note that a page is done: *noted* more records, and where the next one begins.

        Raises:
            LeaseLost: it was stopped, or another carries it out now.
        """
        values = {
            "id": run.id,
            "owner": owner,
            "position": storable(position),
            "until": until,
            "noted": noted,
            "lease": self._lease,
        }
        await self._write(run, _PROGRESS, values)

    async def end(self, run: SyncRun, owner: UUID, *, error: str = "", index: bool = False) -> None:
        """
        End it, with an error or as a success; with *index* the shop is to be told when its records are delivered.

        Raises:
            LeaseLost: it was stopped, or another carries it out now.
        """
        values = {
            "id": run.id,
            "owner": owner,
            "state": "error" if error else "success",
            "error": storable(error),
            "index_state": "capturing" if index and not error else "",
        }
        await self._write(run, _END, values)

    async def tell(self, run_id: int, text: str, *, level: LineLevel = "info") -> None:
        """Add a line to what a run tells."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_TELL, {"run_id": run_id, "level": level, "text": storable(text)})

        await transact(self._engine, work)

    async def lines(self, run_id: int, *, after: int = 0, limit: int = 200) -> Sequence[RunLine]:
        """
        Read what a run tells, in order, behind the line *after*.

        Raises:
            NotFound: there is no such run.
        """

        async def work(connection: AsyncConnection) -> Sequence[RunLine]:
            if (await connection.execute(_STATE, {"id": run_id})).one_or_none() is None:
                raise NotFound("sync run", str(run_id))
            rows = await connection.execute(_LINES, {"run_id": run_id, "after": after, "limit": limit})
            return [RunLine(id=row.id, at=row.at, level=row.level, text=row.text) for row in rows]

        return await transact(self._engine, work)

    async def show(self, run_id: int) -> SyncRun:
        """
        Read one run.

        Raises:
            NotFound: there is no such run.
        """

        async def work(connection: AsyncConnection) -> SyncRun:
            row = (await connection.execute(_SHOW, {"id": run_id})).one_or_none()
            if row is None:
                raise NotFound("sync run", str(run_id))
            return _run(row)

        return await transact(self._engine, work)

    async def stop(self, run_id: int, act: Act) -> SyncRun:
        """
        End a run that waits or is under way; records already noted are still looked at.

        Raises:
            NotFound: there is no such run.
            StateConflict: it is over.
        """

        async def work(connection: AsyncConnection) -> SyncRun:
            row = (await connection.execute(_STOP, {"id": run_id, "reason": storable(act.reason)})).one_or_none()
            if row is None:
                state = (await connection.execute(_STATE, {"id": run_id})).scalar_one_or_none()
                if state is None:
                    raise NotFound("sync run", str(run_id))
                raise StateConflict(f"run {run_id} is over: {state}", state=state)
            await write_audit(connection, act, action="sync.stopped", target=row.sync, details={"run": run_id})
            return _run(row)

        return await transact(self._engine, work)

    async def list(self, sync: str | None = None, *, before: int | None = None, limit: int = 50) -> Sequence[SyncRun]:
        """Read runs of one sync or of all, newest first, those below the id *before*."""

        async def work(connection: AsyncConnection) -> Sequence[SyncRun]:
            rows = await connection.execute(_LIST, {"sync": sync, "before": before, "limit": limit})
            return [_run(row) for row in rows]

        return await transact(self._engine, work)

    async def last(self) -> Sequence[SyncRun]:
        """Read the newest run of each sync, those of single records apart."""

        async def work(connection: AsyncConnection) -> Sequence[SyncRun]:
            return [_run(row) for row in await connection.execute(_LAST)]

        return await transact(self._engine, work)

    async def _write(self, run: SyncRun, statement: TextClause, values: Mapping[str, object]) -> None:
        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(statement, values)).one_or_none() is None:
                raise LeaseLost(f"run {run.id} of {run.sync} is no longer ours")

        await transact(self._engine, work)


async def insert_run(
    connection: AsyncConnection,
    sync: str,
    kind: RunKind,
    *,
    mode: RunMode,
    actor: str,
    floor: datetime | None,
    reason: str = "",
    key: str = "",
) -> SyncRun | None:
    """
    Add a run in the caller's transaction; None when one of this sync is open.

    Args:
        connection: in a transaction.
        sync: whose records.
        kind: which of them.
        mode: who asks.
        actor: named in the run.
        floor: where a run of changes begins without a success before; None: at the beginning.
        reason: why.
        key: of a single record.
    """
    values = {
        "sync": sync,
        "kind": kind,
        "mode": mode,
        "key": storable(key),
        "actor": storable(actor),
        "reason": storable(reason),
        "floor": floor,
    }
    row = (await connection.execute(_ASK, values)).one_or_none()
    return None if row is None else _run(row)


def _run(row: Row[Any]) -> SyncRun:
    return SyncRun(
        id=row.id,
        sync=row.sync,
        kind=row.kind,
        mode=row.mode,
        state=row.state,
        key=row.key,
        actor=row.actor,
        reason=row.reason,
        since=row.since,
        until=row.until,
        position=row.position,
        noted=row.noted,
        error=row.error,
        asked_at=row.asked_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        index_state=row.index_state,
        index_error=row.index_error,
    )
