"""Actions: begun by POST, perhaps long under way, asked about by the address in `Location`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from daemon.sandbox.acumatica.access import Session
from daemon.sandbox.acumatica.errors import PlainFault, ServerFault, SiteFault, operation_failed
from daemon.sandbox.acumatica.rows import Row, new_id
from daemon.sandbox.acumatica.saving import match
from daemon.sandbox.acumatica.site import Site, make_row
from daemon.sandbox.acumatica.wrapping import read_patch


@dataclass(slots=True, kw_only=True)
class Operation:
    """One action under way; `polls_left` answers say that it runs."""

    entity: str
    action: str
    session: Session
    polls_left: int
    failure: SiteFault | None


class Actions:
    """Begins actions and knows how they go."""

    def __init__(self, site: Site, *, polls: int) -> None:
        self._site = site
        self._polls = polls
        self._operations: dict[str, Operation] = {}

    def begin(self, entity: str, action: str, body: Mapping[str, object], session: Session) -> str | None:
        """
        Carry an action out.

        Returns:
            The id to ask with, None when it was done at once.

        Raises:
            PlainFault: 404, no such action or record.
            SiteFault: it failed at once.
        """
        if (entity, action) not in self._site.contract.actions:
            raise PlainFault(404)
        patch = read_patch(self._site.contract, self._site.contract.forms[entity], body.get("entity"))
        row = match(self._site, entity, patch)
        if row is None:
            raise PlainFault(404)
        failure: SiteFault | None = None
        try:
            _HOW.get((entity, action), _nothing)(self._site, row)
        except SiteFault as fault:
            if not self._polls:
                raise
            failure = fault
        if not self._polls:
            return None
        number = new_id()
        self._operations[number] = Operation(
            entity=entity, action=action, session=session, polls_left=self._polls, failure=failure
        )
        session.running[entity] = number
        return number

    def is_running(self, entity: str, action: str, number: str) -> bool:
        """
        Tell whether an operation still runs; the last answer ends it.

        Raises:
            PlainFault: 404, no such operation.
            SiteFault: it has failed.
        """
        operation = self._operations.get(number)
        if operation is None or (operation.entity, operation.action) != (entity, action):
            raise PlainFault(404)
        if operation.polls_left > 1:
            operation.polls_left -= 1
            return True
        del self._operations[number]
        operation.session.running.pop(entity, None)
        if operation.failure is not None:
            raise operation.failure
        return False

    def check_free(self, entity: str, session: Session) -> None:
        """
        Refuse a request for a form on which an operation runs in the same session.

        Raises:
            ServerFault: 500, one runs.
        """
        if session.running.get(entity) in self._operations:
            raise ServerFault("The previous operation has not been completed yet.", kind="PX.Data.PXException")


def _nothing(_site: Site, _row: Row) -> None:
    """Every other action succeeds and changes nothing that is simulated."""


def _confirm(site: Site, row: Row) -> None:
    if row.values.get("Status") == "Confirmed":
        raise operation_failed("The shipment has already been confirmed.")
    _set(site, "Shipment", row, Status="Confirmed")
    for line in row.many("Details"):
        order = site.find("SalesOrder", line.values.get("OrderType"), line.values.get("OrderNbr"))
        if order is not None:
            _set(site, "SalesOrder", order, Status="Completed")


def _invoice(site: Site, row: Row) -> None:
    if row.values.get("Status") != "Confirmed":
        raise operation_failed("The shipment must be confirmed before it can be invoiced.")
    number = f"AR{site.next_number('SalesInvoice'):06d}"
    invoice = make_row(
        {
            "Type": "Invoice",
            "ReferenceNbr": number,
            "Status": "Balanced",
            "CustomerID": row.values.get("CustomerID"),
            "Date": site.now(),
            "Amount": Decimal(0),
            "Balance": Decimal(0),
        }
    )
    for place, line in enumerate(row.many("Details"), start=1):
        invoice.many("Details").append(
            make_row(
                {
                    "LineNbr": place,
                    "ShipmentNbr": row.values.get("ShipmentNbr"),
                    "OrderType": line.values.get("OrderType"),
                    "OrderNbr": line.values.get("OrderNbr"),
                    "OrderLineNbr": line.values.get("OrderLineNbr"),
                    "InventoryID": line.values.get("InventoryID"),
                    "Qty": line.values.get("ShippedQty"),
                }
            )
        )
    site.save("SalesInvoice", invoice, None)
    _set(site, "Shipment", row, Status="Invoiced")


def _release(site: Site, row: Row) -> None:
    if row.values.get("Status") in ("Open", "Closed"):
        raise operation_failed("The document has already been released.")
    _set(site, "SalesInvoice", row, Status="Open")


def _cancel(site: Site, row: Row) -> None:
    if row.values.get("Status") in ("Completed", "Canceled"):
        raise operation_failed("The order cannot be canceled in its status.")
    _set(site, "SalesOrder", row, Status="Canceled")


def _set(site: Site, entity: str, row: Row, **values: str) -> None:
    before = row.copy()
    row.values.update(values)
    site.save(entity, row, before)


_HOW: Mapping[tuple[str, str], Callable[[Site, Row], None]] = {
    ("Shipment", "ConfirmShipment"): _confirm,
    ("Shipment", "PrepareInvoice"): _invoice,
    ("SalesInvoice", "ReleaseSalesInvoice"): _release,
    ("SalesOrder", "CancelSalesOrder"): _cancel,
}
