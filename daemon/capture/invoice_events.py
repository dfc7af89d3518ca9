"""Events of invoices: the invoice by its key, and where shipments go out on invoice release, what it invoices (R37)."""

from collections.abc import Sequence
from typing import Final, Protocol

from daemon.capture.key_events import event_id, key_event
from daemon.capture.ports import Look, SourceUnavailable
from daemon.capture.value_events import DocumentInForce
from daemon.sync.hydrating import NotRead
from queues.message import ChangeEvent
from queues.postgres.changed_keys import DueKey
from queues.verdicts import Refused, Undetermined, Unreachable

_SHIPMENT: Final = "to_magento.shipment"
_PATIENCE: Final = 3
"""Looks at an invoice that the ERP refuses to show before the others wait no longer for it."""


class ShipmentsOfInvoices(Protocol):
    """Knows what invoices were made of."""

    async def shipments_of(self, key: str) -> Sequence[str] | NotRead:
        """Number the shipments that a released invoice is for; none of one that is not released, or not there."""


class InvoiceEvents:
    """
    Matches `ChangeReader` for invoices.

    That an invoice was released need not change its shipments in the ERP: nobody else tells that they go out now.

    Args:
        invoices: of the ERP; asked only while shipments go out on invoice release.
        settings: asked once for every group of keys.
        source: of the events, `acumatica/<tenant>`.
    """

    def __init__(self, invoices: ShipmentsOfInvoices, settings: DocumentInForce, *, source: str) -> None:
        self._invoices = invoices
        self._settings = settings
        self._source = source

    async def read(self, keys: Sequence[DueKey]) -> Sequence[Look]:
        """
        Make an event of each key, and of the shipments it releases.

        Raises:
            SourceUnavailable: the invoices cannot be read now.
        """
        document = await self._settings.document()
        if document.default.shipment.trigger != "invoice_release":
            return [(key_event(key, source=self._source),) for key in keys]
        return [await self._with_shipments(key) for key in keys]

    async def _with_shipments(self, key: DueKey) -> Look:
        numbers = await self._invoices.shipments_of(key.key)
        if isinstance(numbers, Refused) and key.tries >= _PATIENCE:
            # Others wait with it. It goes to its queue alone, where the same refusal is told to people.
            numbers = ()
        if isinstance(numbers, Refused | Unreachable | Undetermined):
            raise SourceUnavailable(numbers.text)
        return (key_event(key, source=self._source), *(self._shipment(key, number) for number in numbers))

    def _shipment(self, key: DueKey, number: str) -> ChangeEvent:
        return ChangeEvent(
            id=event_id(key, part=number),
            source=self._source,
            type=_SHIPMENT,
            subject=number,
            time=key.version,
            data={},
        )
