"""`invoice`: how the shop's invoices are made of the ERP's (B51)."""

from dataclasses import dataclass

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Boolean


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePreferences:
    """
    Invoices in the shop.

    Attributes:
        capture: the shop takes the money with the invoice, for payment methods that work online.
        notify: the shop mails its customer.
    """

    capture: bool = setting(Boolean(), default=False)
    notify: bool = setting(Boolean(), default=False)
