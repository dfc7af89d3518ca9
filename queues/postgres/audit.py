"""Who did what: rows that are only ever added, in the transaction of the act they tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact
from queues.postgres.texts import storable, to_json

_WRITE = text("""
    insert into audit_log (actor, action, target, reason, request_id, result, details)
    values (:actor, :action, :target, :reason, :request_id, :result, cast(:details as jsonb))
""")

_READ = text("""
    select id, at, actor, action, target, reason, request_id, result, details from audit_log
    where id < :before order by id desc limit :limit
""")

_NEWEST = 9_223_372_036_854_775_807


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who wants something done, why, and in which request."""

    actor: str
    reason: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row of the audit log."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    request_id: str
    result: str
    details: Mapping[str, Any] = field(default_factory=dict)


class PostgresAudit:
    """
    The audit log.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(
        self, act: Act, *, action: str, target: str, result: str = "done", details: Mapping[str, object] | None = None
    ) -> None:
        """Tell an act that has no transaction of its own here, or that was refused."""

        async def work(connection: AsyncConnection) -> None:
            await write_audit(connection, act, action=action, target=target, result=result, details=details or {})

        await transact(self._engine, work)

    async def entries(self, *, before: int = _NEWEST, limit: int = 50) -> Sequence[AuditEntry]:
        """Read rows with an id below *before*, newest first."""

        async def work(connection: AsyncConnection) -> Sequence[AuditEntry]:
            rows = await connection.execute(_READ, {"before": before, "limit": limit})
            return [read_entry(row) for row in rows]

        return await transact(self._engine, work)


def read_entry(row: Row[Any]) -> AuditEntry:
    """Make the entry of a row that holds every column."""
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        action=row.action,
        target=row.target,
        reason=row.reason,
        request_id=row.request_id,
        result=row.result,
        details=row.details,
    )


async def write_audit(
    connection: AsyncConnection,
    act: Act,
    *,
    action: str,
    target: str,
    details: Mapping[str, object],
    result: str = "done",
) -> None:
    """Add a row in the caller's transaction: the act and its row happen together or not at all."""
    await connection.execute(
        _WRITE,
        {
            "actor": storable(act.actor),
            "action": action,
            "target": storable(target),
            "reason": storable(act.reason),
            "request_id": storable(act.request_id),
            "result": storable(result),
            "details": to_json(details),
        },
    )
