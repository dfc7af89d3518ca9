"""Which records of the ERP changed: the keys that a run of a sync looks at."""

from dataclasses import dataclass
from datetime import UTC, datetime

from daemon.acumatica.changes import Cursor, read_changed
from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.capture.ports import SourceUnavailable
from daemon.capture.syncing import KeyPage
from queues.postgres.changed_keys import ChangedKey


@dataclass(frozen=True, slots=True)
class Listed:
    """
    An entity of the ERP whose changes are listed.

    Attributes:
        entity: of the contract, or `StorageDetails`, `SalesPrices`.
        key_parts: how many fields of its key make ours, joined by a slash; the rest tells rows of one record apart.
    """

    entity: str
    key_parts: int = 1


class ErpChanges:
    """Matches `KeyLister`: the records of one event type that changed in one of some entities of the ERP."""

    def __init__(self, client: AcumaticaClient, event_type: str, listed: tuple[Listed, ...]) -> None:
        self._client = client
        self._event_type = event_type
        self._listed = listed

    async def page(self, *, since: datetime | None, until: datetime | None, position: str) -> KeyPage:
        """Read what changed in one of the entities: each is a page."""
        number = int(position or 0)
        listed = self._listed[number]
        changes = await read_changed(self._client, listed.entity, Cursor(stamp=since))
        if isinstance(changes, NotDone):
            raise SourceUnavailable(changes.verdict.text)
        stamps = [each for each in (until, changes.cursor.stamp, since) if each is not None]
        following = number + 1
        named = ("/".join(key[: listed.key_parts]) for key in changes.keys if key and all(key[: listed.key_parts]))
        return KeyPage(
            keys=[ChangedKey(event_type=self._event_type, key=key) for key in dict.fromkeys(named)],
            # The oldest of the entities' newest stamps: what is told twice is one look, what is left out none.
            until=min(stamps) if stamps else datetime.min.replace(tzinfo=UTC),
            next_position="" if following == len(self._listed) else str(following),
        )
