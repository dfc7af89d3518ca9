"""Tokens: who a caller is and what they may do."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import structlog

from daemon.http.ports import TokenStore
from daemon.http.roles import PERMISSIONS, Permission
from daemon.secret import Secret
from queues.errors import DatabaseUnavailable
from queues.ports import Clock
from queues.postgres.audit import Act
from queues.postgres.tokens import LiveToken, TokenRecord, TokenRole

LONGEST_TOKEN: Final = 4096
"""Bytes of a presented token that are looked at; longer ones are wrong without being digested."""
PREFIX: Final = "amc_"
"""Begins every token made here, so that scanners of repositories and logs know one when they see it."""
RANDOM_BYTES: Final = 32
REFRESH_SECONDS: Final = 2.0
"""After so long every replica knows of a token that another one made or revoked."""
TRUSTED_SECONDS: Final = 60.0
"""What was read from the database holds for so long; then a token may have been revoked without our knowing it."""
BOOTSTRAP_NAME: Final = "admin"
"""The holder of CONNECTOR_ADMIN_TOKEN; no other token may have this name."""

_log = structlog.stdlib.get_logger("daemon.http")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """
    A person or system that has a token.

    Attributes:
        key: tells this token from all others, `own:admin` or `token:7`.
        name: shown in the audit log.
        role: what the token allows.
        digest: SHA-256 of the token; the token itself is not kept.
        token_id: its row; None for the token of the environment.
    """

    key: str
    name: str
    role: TokenRole
    digest: bytes
    token_id: int | None = None

    @classmethod
    def of(cls, name: str, token: Secret, role: TokenRole = "admin") -> Self:
        """Make the principal that holds *token*, which the environment gave."""
        return cls(key=f"own:{name}", name=name, role=role, digest=_digest(token.reveal().encode()))

    @classmethod
    def stored(cls, token: LiveToken) -> Self:
        """Make the principal of a row."""
        return cls(key=f"token:{token.id}", name=token.name, role=token.role, digest=token.digest, token_id=token.id)

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the token allows."""
        return PERMISSIONS[self.role]

    def session_key(self) -> bytes:
        """Give the key that signs this principal's browser sessions; a new token makes them void."""
        return hmac.digest(self.digest, b"am-connector session", "sha256")


class Tokens:
    """
    The tokens in force: those of the environment, and those of the database as they were read last.

    Args:
        own: of the environment; they are in force as long as the process runs, whatever the database says.
        store: where the others are.
        clock: tells how old the last reading is.
    """

    def __init__(self, own: Sequence[Principal], store: TokenStore, clock: Clock) -> None:
        self._own = tuple(own)
        self._store = store
        self._clock = clock
        self._stored: tuple[Principal, ...] = ()
        self._ended_sessions: frozenset[str] = frozenset()
        self._used: dict[int, str] = {}
        self._read_at: float | None = None

    async def refresh(self) -> None:
        """
        Read what is in force now, and tell the store which tokens were used.

        Raises:
            DatabaseUnavailable: what was read before stays in force for `TRUSTED_SECONDS`.
        """
        used, self._used = self._used, {}
        began = self._clock.monotonic()
        try:
            snapshot = await self._store.exchange(used)
        except DatabaseUnavailable:
            self._used = {**used, **self._used}
            raise
        self._stored = tuple(Principal.stored(each) for each in snapshot.tokens)
        self._ended_sessions = snapshot.ended_sessions
        self._read_at = began

    async def keep_fresh(self) -> None:
        """Refresh for ever."""
        is_away = False
        while True:
            try:
                await self.refresh()
            except DatabaseUnavailable as error:
                if not is_away:
                    _log.warning("tokens.not_refreshed", reason=str(error))
                is_away = True
            else:
                is_away = False
            await self._clock.sleep(REFRESH_SECONDS)

    def find(self, presented: bytes, *, source: str) -> Principal | None:
        """
        Give the holder of the token *presented*, in a time that does not tell how near it came.

        Args:
            presented: as it came.
            source: the address it came from.

        Raises:
            DatabaseUnavailable: it is none of our own, and what the database said is too old to be believed.
        """
        if not presented or len(presented) > LONGEST_TOKEN:
            return None
        digest = _digest(presented)
        found = None
        for principal in (*self._own, *self._stored):
            # No early end: every comparison is made, whichever matches.
            if hmac.compare_digest(principal.digest, digest):
                found = principal
        return self._believed(found, source)

    def holder(self, key: str, *, source: str) -> Principal | None:
        """
        Give the principal of *key*, whose session is used from *source*.

        Raises:
            DatabaseUnavailable: as for `find`.
        """
        found = next((each for each in (*self._own, *self._stored) if each.key == key), None)
        return self._believed(found, source)

    def is_ended(self, nonce: str) -> bool:
        """Tell whether the session of *nonce* was signed out."""
        return nonce in self._ended_sessions

    async def create(
        self, *, name: str, role: TokenRole, expires_at: datetime | None, act: Act
    ) -> tuple[TokenRecord, Secret]:
        """
        Make a token that is in force at once here, and within `REFRESH_SECONDS` on the other replicas.

        Returns:
            Its row, and the token itself, which is known to nobody else from now on.

        Raises:
            StateConflict: there are as many in force as may be.
        """
        token = Secret(PREFIX + secrets.token_urlsafe(RANDOM_BYTES))
        digest = _digest(token.reveal().encode())
        record = await self._store.create(name=name, role=role, digest=digest, expires_at=expires_at, act=act)
        await self.refresh()
        return record, token

    async def revoke(self, token_id: int, act: Act) -> TokenRecord:
        """
        Take a token out of force, at once here and within `REFRESH_SECONDS` on the other replicas.

        Raises:
            NotFound: there is none with this id.
            StateConflict: it is revoked already.
        """
        record = await self._store.revoke(token_id, act)
        await self.refresh()
        return record

    async def records(self, *, only_live: bool, before: int, limit: int) -> Sequence[TokenRecord]:
        """Read the rows with an id below *before*, newest first."""
        return await self._store.records(only_live=only_live, before=before, limit=limit)

    async def end_session(self, nonce: str, ends_at: datetime) -> None:
        """Let a browser session be over, here at once and within `REFRESH_SECONDS` everywhere."""
        await self._store.end_session(nonce, ends_at)
        await self.refresh()

    def _believed(self, found: Principal | None, source: str) -> Principal | None:
        if found is not None and found.token_id is None:
            return found
        if self._read_at is None or self._clock.monotonic() - self._read_at > TRUSTED_SECONDS:
            raise DatabaseUnavailable("the tokens could not be read for too long")
        if found is not None and found.token_id is not None:
            self._used[found.token_id] = source
        return found


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
