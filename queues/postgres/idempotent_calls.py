"""Writing calls that came with an Idempotency-Key: carried out once, and answered the same ever after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queues.postgres.audit import DONE
from queues.postgres.engine import transact
from queues.postgres.texts import storable, to_json

LEASE: Final = timedelta(minutes=5)
"""A call that has not ended after so long is taken to have died with its daemon."""

_BEGIN = text("""
    insert into idempotent_calls (holder, key, digest, request_id, began_at, lease_until)
    values (:holder, :key, :digest, :request_id, now(), now() + cast(:lease as interval))
    on conflict do nothing
    returning key
""")

_READ = text("""
    select digest, request_id, began_at, lease_until <= now() as is_over, status, headers, body
    from idempotent_calls where holder = :holder and key = :key for update
""")

# Acts write their audit row in their own transaction, under the id of their request: it tells what became of a call
# whose answer was never written down.
_HAS_ACTED = text(f"""
    select exists (select from audit_log where at >= :began_at and request_id = :request_id and result = '{DONE}')
""")  # noqa: S608 - put together from constants only

_TAKE_OVER = text("""
    update idempotent_calls
    set request_id = :request_id, began_at = now(), lease_until = now() + cast(:lease as interval)
    where holder = :holder and key = :key
""")

_FINISH = text("""
    update idempotent_calls
    set lease_until = null, status = :status, headers = cast(:headers as jsonb), body = :body
    where holder = :holder and key = :key and request_id = :request_id and status is null
""")

_GIVE_UP = text("""
    update idempotent_calls set lease_until = now()
    where holder = :holder and key = :key and request_id = :request_id and status is null
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentCall:
    """
    One call.

    Attributes:
        holder: name of the token it came with.
        key: as the caller made it.
        digest: SHA-256 of all that says what is wanted.
        request_id: of this try.
    """

    holder: str
    key: str
    digest: bytes
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer as it was given; *body* is None where it held what must not be kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Begun:
    """Nobody has carried it out: go on, and tell the answer."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """It is being carried out just now."""


@dataclass(frozen=True, slots=True)
class OtherCall:
    """The key came before with another call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """It was carried out, in whole or in part, under *request_id*; its answer was lost."""

    request_id: str


Beginning = Begun | UnderWay | OtherCall | Interrupted | KeptAnswer


class PostgresIdempotentCalls:
    """
    The calls by their keys.

    Args:
        engine: from `open_engine`; shared with the other stores.
        lease: how long a call may take.
    """

    def __init__(self, engine: AsyncEngine, *, lease: timedelta = LEASE) -> None:
        self._engine = engine
        self._lease = lease

    async def begin(self, call: IdempotentCall) -> Beginning:
        """Take *call* in hand, unless it was before."""

        async def work(connection: AsyncConnection) -> Beginning:
            values = {**_names(call), "digest": call.digest, "lease": self._lease}
            if (await connection.execute(_BEGIN, values)).one_or_none() is not None:
                return Begun()
            row = (await connection.execute(_READ, {"holder": values["holder"], "key": values["key"]})).one()
            if row.digest != call.digest:
                return OtherCall()
            if row.status is not None:
                return KeptAnswer(status=row.status, headers=row.headers, body=row.body)
            if not row.is_over:
                return UnderWay()
            if await _has_acted(connection, row):
                return Interrupted(request_id=row.request_id)
            await connection.execute(_TAKE_OVER, {**_names(call), "lease": self._lease})
            return Begun()

        return await transact(self._engine, work)

    async def finish(self, call: IdempotentCall, answer: KeptAnswer) -> None:
        """Keep the answer of a call that was begun."""

        async def work(connection: AsyncConnection) -> None:
            values = {"status": answer.status, "headers": to_json(answer.headers), "body": answer.body}
            await connection.execute(_FINISH, {**_names(call), **values})

        await transact(self._engine, work)

    async def give_up(self, call: IdempotentCall) -> None:
        """Let a call that was begun and came to nothing be tried again at once."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_GIVE_UP, _names(call))

        await transact(self._engine, work)


async def _has_acted(connection: AsyncConnection, row: Row[Any]) -> bool:
    values = {"began_at": row.began_at, "request_id": row.request_id}
    return bool((await connection.execute(_HAS_ACTED, values)).scalar_one())


def _names(call: IdempotentCall) -> dict[str, str]:
    return {"holder": storable(call.holder), "key": storable(call.key), "request_id": storable(call.request_id)}
