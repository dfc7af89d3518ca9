"""The gate of customers (R38, B50)."""

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.records.customer import ErpCustomer


def customer_gate(customer: ErpCustomer, settings: ConnectorSettings) -> KeptBack | None:
    """Let a customer pass whose class was chosen and whom the shop can know: by e-mail."""
    chosen = settings.customers.classes_to_shop
    if customer.customer_class not in chosen:
        told = ", ".join(chosen) or "none is chosen"
        return KeptBack(
            reason="customer_class",
            text=f"customer class {customer.customer_class or 'none'} does not go to the shop ({told})",
        )
    if customer.status.strip().casefold() == "inactive" or customer.is_guest:
        what = "a guest" if customer.is_guest else "inactive"
        return KeptBack(reason="customer_inactive", text=f"customer {customer.customer_id} is {what}")
    if not email_of(customer):
        return KeptBack(reason="email_missing", text=f"customer {customer.customer_id} has no e-mail address")
    return None


def email_of(customer: ErpCustomer) -> str | None:
    """Give the e-mail that identifies the customer: of the main contact, else of the primary one."""
    for contact in (customer.main, customer.primary):
        if contact is not None and contact.email and contact.email.strip():
            return contact.email.strip()
    return None
