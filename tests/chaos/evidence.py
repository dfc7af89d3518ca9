"""What the two servers hold when everything is quiet."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it ships no type hints

from deploy.local.faults import ServerFailedError

Row = Mapping[str, Any]

_LOOK_SECONDS: Final = 0.3
_UNDER_WAY: Final = """
    select count(*) as rows from ledger
    -- What nobody holds any more and nobody takes up again is left to the checker.
    where state = 'waiting' or (state = 'trying' and lease_until > now() - interval '5 s')
"""
_LEDGER: Final = """
    select message_id, generation, queue, key, state, attempts,
           extract(epoch from created_at)::float8 as created_at, extract(epoch from settled_at)::float8 as settled_at
    from ledger order by message_id, generation
"""
_ATTEMPTS: Final = """
    select message_id, generation, number, outcome, request_id, settings_version
    from attempts order by message_id, generation, number
"""
_LETTERS: Final = "select id, message_id, generation, state, reason, changed_by from dead_letters"
_CLICKS: Final = """
    select details ->> 'message_id' as message_id, (details ->> 'generation')::int as generation, target
    from audit_log where action = 'dead_letter.reprocessed' and result = 'done'
"""
_SETTINGS: Final = "select version, (document ->> 'retry_count')::int as retry_count from settings_versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    The tables, and what is left at the broker.

    Attributes:
        clicks: acts of reprocessing as the audit log has them.
        retry_counts: Retry Count of every settings version.
        depths: messages of each queue at the broker, those in somebody's hand included.
    """

    ledger: Sequence[Row]
    attempts: Sequence[Row]
    letters: Sequence[Row]
    clicks: Sequence[Row]
    retry_counts: Mapping[int, int]
    depths: Mapping[str, int]

    def generations(self) -> Mapping[UUID, Sequence[Row]]:
        """Give the ledger's rows of each message, oldest generation first."""
        found: dict[UUID, list[Row]] = {}
        for row in self.ledger:
            found.setdefault(row["message_id"], []).append(row)
        return found


class Witnesses(Protocol):
    """The two servers, asked what they hold."""

    async def rows(self, statement: str, *values: object) -> Sequence[Row]:
        """Read from the database."""

    async def depths(self) -> Mapping[str, int]:
        """Count the messages of each queue, those in somebody's hand included."""


async def until_quiet(servers: Witnesses) -> None:
    """Return when nothing lies at the broker, and nothing waits or is being tried, before and after that look."""
    is_quiet = False
    while not is_quiet:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            is_quiet = (
                await _is_idle(servers) and not any((await servers.depths()).values()) and await _is_idle(servers)
            )
        except (OSError, TimeoutError, ServerFailedError, asyncpg.PostgresError, asyncpg.InterfaceError):
            is_quiet = False


async def _is_idle(servers: Witnesses) -> bool:
    (row,) = await servers.rows(_UNDER_WAY)
    return not row["rows"]


async def gather_evidence(servers: Witnesses, depths: Mapping[str, int]) -> Evidence:
    """Read everything there is; *depths* are what is left at the broker."""
    settings = await servers.rows(_SETTINGS)
    return Evidence(
        ledger=await servers.rows(_LEDGER),
        attempts=await servers.rows(_ATTEMPTS),
        letters=await servers.rows(_LETTERS),
        clicks=await servers.rows(_CLICKS),
        retry_counts={row["version"]: row["retry_count"] for row in settings},
        depths=depths,
    )
