"""Reference data: the ERP's lists, fetched when a person asks and kept with their age (R85, R105 to R113, B9)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.odata import ODataAccess
from daemon.acumatica.records.reference import read_reference
from daemon.settings.document.references import KINDS, KnownCodes, ReferenceKind
from queues.postgres.audit import Act
from queues.postgres.reference_lists import PostgresReferenceLists, ReferenceEntry, ReferenceList

_log = structlog.stdlib.get_logger("daemon.erp")


class ReferenceSource(Protocol):
    """Where the lists are fetched."""

    async def fetch(self, kind: ReferenceKind) -> Sequence[ReferenceEntry] | str:
        """Read one list; a text says why it did not come."""


class ErpReference:
    """Matches `ReferenceSource`: the lists of Acumatica; without one configured, the reason."""

    def __init__(self, client: AcumaticaClient | None, access: ODataAccess) -> None:
        self._client = client
        self._access = access

    async def fetch(self, kind: ReferenceKind) -> Sequence[ReferenceEntry] | str:
        """Read one list."""
        if self._client is None:
            return "not connected: CONNECTOR_ACUMATICA_URL is not set"
        found = await read_reference(self._client, self._access, kind)
        if isinstance(found, NotDone):
            return found.verdict.text
        return [
            ReferenceEntry(code=each.code, description=each.description, is_active=each.is_active) for each in found
        ]


class ReferenceData:
    """
    The lists as they are kept.

    Args:
        lists: in the database.
        source: of the ERP.
    """

    def __init__(self, lists: PostgresReferenceLists, source: ReferenceSource) -> None:
        self._lists = lists
        self._source = source

    async def all(self) -> Mapping[ReferenceKind, ReferenceList]:
        """Give every list there is, also those that were never fetched."""
        kept = await self._lists.all()
        return {kind: kept.get(kind, ReferenceList(kind=kind, entries=(), fetched_at=None)) for kind in KINDS}

    async def known(self) -> Mapping[str, KnownCodes]:
        """Give the codes of the lists that came."""
        return {
            kind: KnownCodes(
                codes={each.code.casefold(): each.is_active for each in found.entries}, fetched_at=found.fetched_at
            )
            for kind, found in (await self._lists.all()).items()
            if found.fetched_at is not None
        }

    async def refresh(self, kinds: Sequence[ReferenceKind], act: Act) -> Mapping[ReferenceKind, ReferenceList]:
        """Fetch *kinds* one after the other; one that does not come keeps what it had, and says why."""
        refreshed: dict[ReferenceKind, ReferenceList] = {}
        for kind in kinds:
            found = await self._source.fetch(kind)
            if isinstance(found, str):
                _log.warning("reference_data.not_refreshed", kind=kind, reason=found)
                refreshed[kind] = await self._lists.fail(kind, found, act)
            else:
                _log.info("reference_data.refreshed", kind=kind, entries=len(found))
                refreshed[kind] = await self._lists.keep(kind, found, act)
        return refreshed
