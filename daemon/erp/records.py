"""Single records of the ERP as senders read them, at the moment they send."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.making import is_missing
from daemon.capture.value_events import RecordsReader
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.hydrating import NotRead

RecordT = TypeVar("RecordT")


class OneRecord(Generic[RecordT]):
    """
    Matches `RecordReader`: a record the ERP does not have is none, not a failure.

    Args:
        client: of the ERP.
        read: reads one record by its key.
    """

    def __init__(
        self, client: AcumaticaClient, read: Callable[[AcumaticaClient, str], Awaitable[RecordT | NotDone]]
    ) -> None:
        self._client = client
        self._read = read

    async def read(self, key: str, settings: ConnectorSettings) -> RecordT | NotRead | None:
        """Read the record of *key*, the same whatever the settings are."""
        del settings
        return _or_none(await self._read(self._client, key))


class RecordOfSettings(Generic[RecordT]):
    """
    Matches `RecordReader` where the settings say what is read.

    Args:
        read: reads one record by its key.
    """

    def __init__(self, read: Callable[[str, ConnectorSettings], Awaitable[RecordT | NotDone]]) -> None:
        self._read = read

    async def read(self, key: str, settings: ConnectorSettings) -> RecordT | NotRead | None:
        """Read the record of *key*."""
        return _or_none(await self._read(key, settings))


class OneOfMany(Generic[RecordT]):
    """
    Matches `RecordReader` with a reader of many records at once.

    Args:
        reader: asked for one record at a time.
    """

    def __init__(self, reader: RecordsReader[RecordT]) -> None:
        self._reader = reader

    async def read(self, key: str, settings: ConnectorSettings) -> RecordT | NotRead | None:
        """Read the record of *key*, the same whatever the settings are."""
        del settings
        found = await self._reader.read_many([key])
        return found.get(key) if isinstance(found, Mapping) else found


def _or_none(record: RecordT | NotDone) -> RecordT | NotRead | None:
    if not isinstance(record, NotDone):
        return record
    return None if is_missing(record) else record.verdict
