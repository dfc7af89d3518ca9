"""
Senders of events that carry a key only: the record is read when it is sent, so that its newest state goes out.

    event (key) ── read in the ERP ── rule: pass, keep back, refuse ── write into the shop ── verdict
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.shop.writing import ShopWriter
from queues.message import ChangeEvent, Message
from queues.verdicts import Delivered, Refused, Skipped, Undetermined, Unreachable, Verdict

RecordT = TypeVar("RecordT")
RecordT_co = TypeVar("RecordT_co", covariant=True)
ShopT = TypeVar("ShopT")

NotRead: TypeAlias = Refused | Unreachable | Undetermined
"""Why a record could not be read, as a verdict on its message."""


class RecordReader(Protocol[RecordT_co]):
    """Reads one kind of record at the source."""

    async def read(self, key: str) -> RecordT_co | NotRead | None:
        """Read the record; None if there is none. Raises nothing but CancelledError, whatever the source does."""


class CurrentSettings(Protocol):
    """The settings in force."""

    async def connector(self) -> ConnectorSettings:
        """Read them. Raises DatabaseUnavailable."""


Rule: TypeAlias = Callable[[RecordT, ConnectorSettings, ChangeEvent], Sequence[ShopT] | KeptBack | Refused]
"""Gate and mapping of one entity: what the shop is to hold of the record, in the order of writing, or why nothing."""


class HydratingSender(Generic[RecordT, ShopT]):
    """
    Matches `queues.ports.Sender` for one entity.

    A record the ERP no longer has is skipped with the reason: the shop keeps what it holds, for leaving an inquiry and
    being deleted look the same from outside.

    Args:
        entity: for people, `product`.
        reader: of the ERP.
        rule: of the entity.
        writer: of the shop.
        settings: asked for every message.
        probe: tells whether ERP and shop both answer.
    """

    def __init__(
        self,
        entity: str,
        *,
        reader: RecordReader[RecordT],
        rule: Rule[RecordT, ShopT],
        writer: ShopWriter[ShopT],
        settings: CurrentSettings,
        probe: Callable[[], Awaitable[bool]],
    ) -> None:
        self._entity = entity
        self._reader = reader
        self._rule = rule
        self._writer = writer
        self._settings = settings
        self._probe = probe

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """Read, judge and write each record; one verdict each, in order."""
        settings = await self._settings.connector()
        return [await self._send(message.event, settings) for message in messages]

    async def probe(self) -> bool:
        """Tell whether ERP and shop both answer; changes nothing."""
        return await self._probe()

    async def _send(self, event: ChangeEvent, settings: ConnectorSettings) -> Verdict:
        record = await self._reader.read(event.subject)
        if isinstance(record, Refused | Unreachable | Undetermined):
            return record
        if record is None:
            return Skipped(reason=f"not_found: the ERP has no {self._entity.replace('_', ' ')} {event.subject}")
        wanted = self._rule(record, settings, event)
        match wanted:
            case KeptBack():
                return Skipped(reason=str(wanted))
            case Refused():
                return wanted
            case _:
                return await self._write(wanted)

    async def _write(self, wanted: Sequence[ShopT]) -> Verdict:
        """Write all parts in their order; the first that does not get through is the verdict on the record."""
        verdict: Verdict = Delivered()
        for each in wanted:
            verdict = await self._writer.write(each)
            if not isinstance(verdict, Delivered | Skipped):
                break
        return verdict
