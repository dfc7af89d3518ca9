"""
Senders of events that carry a key only: the record is read when it is sent, so that its newest state goes out.

    event (key) ── read in the ERP ── rule: pass, keep back, refuse ── write into the shop ── verdict
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Generic, Protocol, TypeAlias, TypeVar

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.shop.writing import ShopWriter
from queues.errors import DatabaseUnavailable
from queues.message import ChangeEvent, Message
from queues.ports import Sender
from queues.verdicts import Delivered, Refused, Skipped, Undetermined, Unreachable, Verdict

RecordT = TypeVar("RecordT")
RecordT_co = TypeVar("RecordT_co", covariant=True)
ShopT = TypeVar("ShopT")

NotRead: TypeAlias = Refused | Unreachable | Undetermined
"""Why a record could not be read, as a verdict on its message."""


class RecordReader(Protocol[RecordT_co]):
    """Reads one kind of record at the source."""

    async def read(self, key: str, settings: ConnectorSettings) -> RecordT_co | NotRead | None:
        """
        Read the record; None if there is none. Raises nothing but CancelledError, whatever the source does.

        Args:
            key: of the record.
            settings: say what of it is needed, and under which names the source has it.
        """


class CurrentSettings(Protocol):
    """The settings in force."""

    async def document(self) -> SettingsDocument:
        """Read them. Raises DatabaseUnavailable."""


Rule: TypeAlias = Callable[[RecordT, ConnectorSettings, ChangeEvent], Sequence[ShopT] | KeptBack | Refused]
"""Gate and mapping of one entity: what the shop is to hold of the record, in the order of writing, or why nothing."""

ScopedRule: TypeAlias = Callable[[RecordT, SettingsDocument, ChangeEvent], Sequence[ShopT] | KeptBack | Refused]
"""The same of an entity that websites may say something different about."""


def for_all_websites(rule: Rule[RecordT, ShopT]) -> ScopedRule[RecordT, ShopT]:
    """Give *rule* the settings of the default scope: its record is the same on every website."""
    return lambda record, document, event: rule(record, document.default, event)


Switch: TypeAlias = Callable[[SettingsDocument], KeptBack | None]
"""What the settings alone decide: asked before anything is read."""


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
        budget: for one record, all its requests together: a claim of the record lasts longer than that, and a stop
            waits longer. Reading may take half of it; nothing was changed then, so that it costs no attempt.
        parts_stand_alone: one part that is refused does not keep the others back, as of a shipment for several orders.
    """

    def __init__(
        self,
        entity: str,
        *,
        reader: RecordReader[RecordT],
        rule: ScopedRule[RecordT, ShopT],
        writer: ShopWriter[ShopT],
        settings: CurrentSettings,
        probe: Callable[[], Awaitable[bool]],
        budget: timedelta,
        parts_stand_alone: bool = False,
    ) -> None:
        self._entity = entity
        self._reader = reader
        self._rule = rule
        self._writer = writer
        self._settings = settings
        self._probe = probe
        self._budget = budget.total_seconds()
        self._parts_stand_alone = parts_stand_alone

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """Read, judge and write each record; one verdict each, in order."""
        try:
            settings = await self._settings.document()
        except DatabaseUnavailable as error:
            return [Unreachable(text=f"the settings could not be read: {error}")] * len(messages)
        return [await self._send(message.event, settings) for message in messages]

    async def probe(self) -> bool:
        """Tell whether ERP and shop both answer; changes nothing."""
        return await self._probe()

    async def _send(self, event: ChangeEvent, settings: SettingsDocument) -> Verdict:
        name, seconds = f"{self._entity.replace('_', ' ')} {event.subject}", self._budget / 2
        try:
            async with asyncio.timeout(seconds):
                record = await self._reader.read(event.subject, settings.default)
        except TimeoutError:
            record = Unreachable(text=f"reading {name} took longer than {seconds:g} s")
        if isinstance(record, Refused | Unreachable | Undetermined):
            return record
        if record is None:
            return Skipped(reason=f"not_found: the ERP has no {name}")
        wanted = self._rule(record, settings, event)
        if isinstance(wanted, KeptBack):
            return Skipped(reason=str(wanted))
        if isinstance(wanted, Refused):
            return wanted
        try:
            async with asyncio.timeout(seconds):
                return await self._write(wanted)
        except TimeoutError:
            return Undetermined(text=f"writing {name} took longer than {seconds:g} s")

    async def _write(self, wanted: Sequence[ShopT]) -> Verdict:
        """Write the parts in their order; the first that does not get through is the verdict on the record."""
        verdict: Verdict = Delivered()
        refused: Refused | None = None
        for each in wanted:
            verdict = await self._writer.write(each)
            if isinstance(verdict, Refused) and self._parts_stand_alone:
                refused = refused or verdict
            elif not isinstance(verdict, Delivered | Skipped):
                break
        return refused or verdict


class SwitchedSender:
    """
    Matches `queues.ports.Sender`: skips everything, before anything is read, while the settings keep every record back.

    Args:
        sender: of the entity.
        switch: tells what keeps every record back.
        settings: asked for every message.
    """

    def __init__(self, sender: Sender, switch: Switch, settings: CurrentSettings) -> None:
        self._sender = sender
        self._switch = switch
        self._settings = settings

    async def send(self, messages: Sequence[Message]) -> Sequence[Verdict]:
        """Skip *messages*, or have them sent."""
        try:
            kept = self._switch(await self._settings.document())
        except DatabaseUnavailable as error:
            return [Unreachable(text=f"the settings could not be read: {error}")] * len(messages)
        return await self._sender.send(messages) if kept is None else [Skipped(reason=str(kept))] * len(messages)

    async def probe(self) -> bool:
        """Ask the sender."""
        return await self._sender.probe()
