"""What the two servers hold when everything is quiet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tests.chaos.servers import Servers

Row = Mapping[str, Any]

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
    from audit_log where action = 'dead_letter.reprocessed'
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


async def gather_evidence(servers: Servers) -> Evidence:
    """Read everything there is."""
    settings = await servers.rows(_SETTINGS)
    return Evidence(
        ledger=await servers.rows(_LEDGER),
        attempts=await servers.rows(_ATTEMPTS),
        letters=await servers.rows(_LETTERS),
        clicks=await servers.rows(_CLICKS),
        retry_counts={row["version"]: row["retry_count"] for row in settings},
        depths=await servers.depths(),
    )
