"""Who did what: rows that are only ever added, in the transaction of the act they tell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.engine import transact
from queues.postgres.texts import storable, to_json

_WRITE = text("""
    insert into audit_log (actor, action, target, reason, request_id, result, details, token, source)
    values (:actor, :action, :target, :reason, :request_id, :result, cast(:details as jsonb), :token, :source)
""")

AUDIT_COLUMNS: Final = "id, at, actor, action, target, reason, request_id, result, details, token, source"

_NEWEST: Final = 9_223_372_036_854_775_807

DONE: Final = "done"
REFUSED: Final = "refused"

_CONDITIONS: Final[Mapping[str, str]] = {
    "actor": "actor = :actor",
    "token": "token = :token",
    "action": "action = :action",
    "kind": "starts_with(action, :kind || '.')",
    "target": "target = :target",
    "result": "result = :result",
    "since": "at >= :since",
    "until": "at < :until",
}
"""What each filter asks of a row; only those that were given are in the statement, so that their index serves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """
    Who wants something done, why, and in which request.

    Attributes:
        actor: the name that is given; whoever holds the token says it.
        token: name of the token that was presented, which proves itself; empty where there was none.
        source: address the request came from.
    """

    actor: str
    reason: str = ""
    request_id: str = ""
    token: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """
    Which rows are wanted; what is None does not matter.

    Attributes:
        action: `dead_letter.discarded`, or `dead_letter` for all of its kind.
        since: then or later.
        until: before then.
    """

    actor: str | None = None
    token: str | None = None
    action: str | None = None
    target: str | None = None
    result: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row of the audit log; *result* is `done` or `refused`."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    request_id: str
    result: str
    details: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    source: str = ""


class PostgresAudit:
    """
    The audit log.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def write(
        self, act: Act, *, action: str, target: str, result: str = DONE, details: Mapping[str, object] | None = None
    ) -> None:
        """Tell an act that has no transaction of its own here, or that was refused."""

        async def work(connection: AsyncConnection) -> None:
            await write_audit(connection, act, action=action, target=target, result=result, details=details or {})

        await transact(self._engine, work)

    async def entries(
        self, wanted: AuditFilter | None = None, *, before: int = _NEWEST, limit: int = 50
    ) -> Sequence[AuditEntry]:
        """Read rows with an id below *before*, newest first."""
        given = {} if wanted is None else {name: value for name, value in asdict(wanted).items() if value is not None}
        if "." not in given.get("action", "."):
            # A kind of acts is meant by what stands before the point: `dead_letter` by `dead_letter.discarded`.
            given["kind"] = given.pop("action")

        async def work(connection: AsyncConnection) -> Sequence[AuditEntry]:
            values = {name: storable(value) if isinstance(value, str) else value for name, value in given.items()}
            rows = await connection.execute(_page(given), {**values, "before": before, "limit": limit})
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
        token=row.token,
        source=row.source,
    )


def _page(filters: Iterable[str]) -> TextClause:
    conditions = "".join(f" and {_CONDITIONS[name]}" for name in filters)
    return text(
        f"select {AUDIT_COLUMNS} from audit_log where id < :before{conditions} order by id desc limit :limit"  # noqa: S608 - put together from constants only
    )


async def write_audit(
    connection: AsyncConnection,
    act: Act,
    *,
    action: str,
    target: str,
    details: Mapping[str, object],
    result: str = DONE,
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
            "token": storable(act.token),
            "source": storable(act.source),
        },
    )
