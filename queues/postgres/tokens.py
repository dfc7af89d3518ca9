"""Tokens by their digests, who holds them and what they allow; and the sessions that were signed out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.errors import NotFound, StateConflict
from queues.postgres.audit import Act, write_audit
from queues.postgres.engine import transact
from queues.postgres.texts import storable

TokenRole = Literal["viewer", "publisher", "operator", "admin"]

MOST_LIVE: Final = 200
"""Tokens in force at once: every one of them is compared with every token that is presented."""

_ONE_AT_A_TIME: Final = 5_501_887_213_340_096_221
"""The advisory lock of making tokens, so that the limit holds."""

_COLUMNS: Final = """
    id, name, role, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at, last_used_from,
    revoked_at is null and (expires_at is null or expires_at > now()) as is_live
"""
_LIVE: Final = "revoked_at is null and (expires_at is null or expires_at > now())"

_NOTE_USE = text("""
    update tokens t set last_used_at = now(), last_used_from = used.source
    from unnest(cast(:ids as bigint[]), cast(:sources as text[])) as used (id, source)
    where t.id = used.id
      and (t.last_used_at is null or t.last_used_at < now() - interval '30 seconds'
           or t.last_used_from <> used.source)
""")

_READ_LIVE = text(f"select id, name, role, digest from tokens where {_LIVE} order by id")  # noqa: S608 - constants only
_READ_ENDED = text("select nonce from ended_sessions where ends_at > now()")
_COUNT_LIVE = text(f"select count(*) from tokens where {_LIVE}")  # noqa: S608 - constants only
_LOCK = text("select pg_advisory_xact_lock(:lock)")

_CREATE = text(f"""
    insert into tokens (name, role, digest, created_at, created_by, expires_at)
    values (:name, :role, :digest, now(), :actor, :expires_at)
    returning {_COLUMNS}
""")  # noqa: S608 - put together from constants only

_REVOKE = text(f"""
    update tokens set revoked_at = now(), revoked_by = :actor where id = :id and revoked_at is null
    returning {_COLUMNS}
""")  # noqa: S608 - put together from constants only

_PAGE = text(f"""
    select {_COLUMNS} from tokens
    where id < :before and (cast(:only_live as boolean) is false or ({_LIVE}))
    order by id desc limit :limit
""")  # noqa: S608 - put together from constants only

_EXISTS = text("select exists (select from tokens where id = :id)")
_END_SESSION = text("insert into ended_sessions (nonce, ends_at) values (:nonce, :ends_at) on conflict do nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """A token in force; *digest* is the SHA-256 of what is presented."""

    id: int
    name: str
    role: TokenRole
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSnapshot:
    """The tokens in force, and the nonces of sessions that were signed out before their time."""

    tokens: Sequence[LiveToken]
    ended_sessions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """
    What people see of a token.

    Attributes:
        name: of the person or system that holds it; one name may have several, as while they are changed.
        expires_at: None: never.
        revoked_at: None: not revoked.
        last_used_at: to about half a minute; None: never.
        last_used_from: address.
        is_live: in force now, by the database's clock.
    """

    id: int
    name: str
    role: TokenRole
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str
    last_used_at: datetime | None
    last_used_from: str
    is_live: bool


class PostgresTokens:
    """
    The tokens.

    Args:
        engine: from `open_engine`; shared with the other stores.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def exchange(self, used: Mapping[int, str]) -> AccessSnapshot:
        """Note which tokens were *used* and from what address, and read what is in force."""

        async def work(connection: AsyncConnection) -> AccessSnapshot:
            if used:
                ids = sorted(used)
                sources = [storable(used[each], longest=100) for each in ids]
                await connection.execute(_NOTE_USE, {"ids": ids, "sources": sources})
            rows = (await connection.execute(_READ_LIVE)).all()
            ended = (await connection.execute(_READ_ENDED)).scalars()
            return AccessSnapshot(
                tokens=[LiveToken(id=row.id, name=row.name, role=row.role, digest=row.digest) for row in rows],
                ended_sessions=frozenset(ended),
            )

        return await transact(self._engine, work)

    async def create(
        self, *, name: str, role: TokenRole, digest: bytes, expires_at: datetime | None, act: Act
    ) -> TokenRecord:
        """
        Put a token in force, with its audit row in the same transaction.

        Args:
            name: of the person or system that will hold it.
            role: what it allows.
            digest: SHA-256 of the token, which must be random.
            expires_at: None: never.
            act: who and why.

        Raises:
            StateConflict: there are as many in force as may be.
        """

        async def work(connection: AsyncConnection) -> TokenRecord:
            await connection.execute(_LOCK, {"lock": _ONE_AT_A_TIME})
            if (await connection.execute(_COUNT_LIVE)).scalar_one() >= MOST_LIVE:
                raise StateConflict(f"{MOST_LIVE} tokens are in force: revoke one first", state="full")
            values = {"name": storable(name), "role": role, "digest": digest, "expires_at": expires_at}
            row = (await connection.execute(_CREATE, {**values, "actor": storable(act.actor)})).one()
            details = {"name": row.name, "role": role, "expires_at": expires_at}
            await write_audit(connection, act, action="token.created", target=str(row.id), details=details)
            return _record(row)

        return await transact(self._engine, work)

    async def revoke(self, token_id: int, act: Act) -> TokenRecord:
        """
        Take a token out of force for good, with its audit row in the same transaction.

        Raises:
            NotFound: there is none with this id.
            StateConflict: it is revoked already.
        """

        async def work(connection: AsyncConnection) -> TokenRecord:
            row = (await connection.execute(_REVOKE, {"id": token_id, "actor": storable(act.actor)})).one_or_none()
            if row is None:
                if (await connection.execute(_EXISTS, {"id": token_id})).scalar_one():
                    raise StateConflict(f"token {token_id} is revoked already", state="revoked")
                raise NotFound("token", str(token_id))
            details = {"name": row.name, "role": row.role}
            await write_audit(connection, act, action="token.revoked", target=str(token_id), details=details)
            return _record(row)

        return await transact(self._engine, work)

    async def records(self, *, only_live: bool, before: int, limit: int) -> Sequence[TokenRecord]:
        """Read tokens with an id below *before*, newest first."""

        async def work(connection: AsyncConnection) -> Sequence[TokenRecord]:
            rows = await connection.execute(_PAGE, {"only_live": only_live, "before": before, "limit": limit})
            return [_record(row) for row in rows]

        return await transact(self._engine, work)

    async def end_session(self, nonce: str, ends_at: datetime) -> None:
        """Let the session of *nonce*, which would last until *ends_at*, be over everywhere."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_END_SESSION, {"nonce": nonce, "ends_at": ends_at})

        await transact(self._engine, work)


def _record(row: Row[Any]) -> TokenRecord:
    return TokenRecord(
        id=row.id,
        name=row.name,
        role=row.role,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        is_live=row.is_live,
    )
