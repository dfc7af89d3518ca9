"""Documents of the ERP as senders and change capture read them: orders, shipments, invoices."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.invoices import read_invoice, read_invoice_with_orders
from daemon.acumatica.records.making import is_missing
from daemon.acumatica.records.orders import read_order
from daemon.acumatica.records.shipments import read_shipment
from daemon.erp.records import OneRecord
from daemon.sync.document_key import document_key
from daemon.sync.hydrating import NotRead
from daemon.sync.records.invoice import InvoiceWithOrders
from daemon.sync.records.order import ErpOrder
from daemon.sync.records.shipment import ErpShipment
from queues.verdicts import Refused

RecordT = TypeVar("RecordT")


def order_reader(client: AcumaticaClient) -> OneRecord[ErpOrder]:
    """Give the reader of sales orders, by `TYPE/NUMBER`."""
    return OneRecord(client, _by_document_key(read_order))


def shipment_reader(client: AcumaticaClient) -> OneRecord[ErpShipment]:
    """Give the reader of shipments."""
    return OneRecord(client, read_shipment)


def invoice_reader(client: AcumaticaClient) -> OneRecord[InvoiceWithOrders]:
    """Give the reader of sales invoices with their orders, by `TYPE/NUMBER`."""
    return OneRecord(client, _by_document_key(read_invoice_with_orders))


class InvoiceShipments:
    """Matches `ShipmentsOfInvoices`."""

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client

    async def shipments_of(self, key: str) -> Sequence[str] | NotRead:
        """Number the shipments that a released invoice is for, each once."""
        invoice = await _by_document_key(read_invoice)(self._client, key)
        if not isinstance(invoice, NotDone):
            counts = invoice.is_released and invoice.is_of_a_sale
            return list(
                dict.fromkeys(line.shipment_number for line in invoice.lines if line.shipment_number and counts)
            )
        return [] if is_missing(invoice) or document_key(key) is None else invoice.verdict


def _by_document_key(
    read: Callable[[AcumaticaClient, str, str], Awaitable[RecordT | NotDone]],
) -> Callable[[AcumaticaClient, str], Awaitable[RecordT | NotDone]]:
    async def by_document_key(client: AcumaticaClient, text: str) -> RecordT | NotDone:
        key = document_key(text)
        if key is None:
            return NotDone(
                verdict=Refused(error_class="validation", text=f"{text!r} is no type and number of a document")
            )
        return await read(client, key.type, key.number)

    return by_document_key
