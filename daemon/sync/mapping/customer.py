"""Customers of the ERP as the shop is to hold them (R38, R41, R52, B38, B39)."""

from collections.abc import Iterator, Mapping

from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.gates.customer import email_of
from daemon.sync.mapping.attribute_values import attribute_value
from daemon.sync.mapping.fields import ATTRIBUTES, mapped_fields, plain_values
from daemon.sync.mapping.refusal import unmapped
from daemon.sync.records.attribute import ErpAttribute
from daemon.sync.records.customer import ErpContact, ErpCustomer
from daemon.sync.records.values import ErpFields
from daemon.sync.shop.customer import ShopAddress, ShopCustomer
from daemon.sync.shop.values import ShopValue
from queues.verdicts import Refused

_OWN = frozenset({"name", "group_id", "taxvat", "email", "firstname", "lastname"})


def map_customer(
    customer: ErpCustomer,
    settings: ConnectorSettings,
    *,
    definitions: Mapping[str, ErpAttribute],
    website: str | None = None,
    store_view: str | None = None,
    is_new: bool | None = None,
) -> ShopCustomer | Refused:
    """
    Give the customer; e-mail and name are told always, the rest as the schema says.

    Args:
        customer: let pass by `customer_gate`.
        settings: of the scope.
        definitions: the ERP's attributes by id.
        website: code of the website, None: the first one.
        store_view: code of the store view of a new customer.
        is_new: the shop does not have it yet; None: not known.
    """
    email = email_of(customer)
    if email is None:
        return unmapped(f"customer {customer.customer_id} has no e-mail address; enter it at the main contact")
    active = settings.schema.active("customer")
    direction = settings.syncs.customer.direction
    mapped = mapped_fields(settings.mappings.customer_fields, active, direction, is_new=is_new)
    values: dict[str, ShopValue] = {
        code: value for code, value in plain_values(_fields(customer), mapped) if code not in _OWN
    }
    if tells_attributes(settings):
        for attribute in customer.attributes:
            code = mapped.get(f"{ATTRIBUTES}{attribute.attribute_id}")
            if code is not None:
                value = attribute_value(attribute, definitions)
                if isinstance(value, Refused):
                    return value
                values[code] = value
    first, last = _person(customer.primary or customer.main, customer.name)
    return ShopCustomer(
        email=email,
        first_name=first,
        last_name=last,
        website=website,
        store_view=store_view,
        group=customer_group(customer, settings) if "group_id" in mapped.values() else None,
        vat_id=customer.tax_registration_id if "taxvat" in mapped.values() else None,
        addresses=tuple(_addresses(customer)) if _tells_addresses(active) else None,
        values=values,
    )


def tells_attributes(settings: ConnectorSettings) -> bool:
    """Tell whether customer attributes go out: both switches must be on, the ERP's (R41) and the sync's (R86)."""
    return settings.customers.attributes_to_shop and settings.syncs.customer_attribute.enabled


def customer_group(customer: ErpCustomer, settings: ConnectorSettings) -> str | None:
    """Name the shop's group of a customer's class; a row with a price class counts for that price class only."""
    rows = [row for row in settings.mappings.customer_groups if row.customer_class == customer.customer_class]
    exact = next((row.group for row in rows if row.price_class and row.price_class == customer.price_class), None)
    return exact or next((row.group for row in rows if row.price_class is None), None)


def _tells_addresses(active: frozenset[str]) -> bool:
    return any(name.split(".")[0] in {"MainContact", "BillingContact", "ShippingContact"} for name in active)


def _fields(customer: ErpCustomer) -> ErpFields:
    own = {
        "CustomerID": customer.customer_id,
        "CustomerName": customer.name,
        "CustomerClass": customer.customer_class,
        "PriceClassID": customer.price_class,
        "TaxRegistrationID": customer.tax_registration_id,
    }
    return {**customer.fields, **own}


def _addresses(customer: ErpCustomer) -> Iterator[ShopAddress]:
    billing, shipping = customer.billing or customer.main, customer.shipping or customer.main
    if billing == shipping:
        address = _address(billing, customer, is_billing=True, is_shipping=True)
        yield from (address,) if address else ()
        return
    for contact, is_billing in ((billing, True), (shipping, False)):
        address = _address(contact, customer, is_billing=is_billing, is_shipping=not is_billing)
        if address is not None:
            yield address


def _address(contact: ErpContact, customer: ErpCustomer, *, is_billing: bool, is_shipping: bool) -> ShopAddress | None:
    """Give an address that is complete; the shop would drop any other without a word."""
    place, main = contact.address, customer.main
    street = tuple(line.strip() for line in (place.line_1, place.line_2) if line.strip()) if place else ()
    telephone = (contact.phone or main.phone or "").strip()
    if place is None or not street or not place.city.strip() or not place.country.strip() or not telephone:
        return None
    first, last = _person(contact, customer.name)
    return ShopAddress(
        first_name=first,
        last_name=last,
        street=street,
        city=place.city.strip(),
        country=place.country.strip().upper(),
        telephone=telephone,
        postcode=place.postal_code,
        region=place.state,
        company=contact.business_name or customer.name,
        vat_id=customer.tax_registration_id,
        is_default_billing=is_billing,
        is_default_shipping=is_shipping,
    )


def _person(contact: ErpContact, name: str) -> tuple[str, str]:
    """Give first and last name: the contact's, else its attention line or the customer's name cut at the last blank."""
    if contact.first_name and contact.last_name:
        return contact.first_name.strip(), contact.last_name.strip()
    words = (contact.attention or contact.last_name or name).split()
    if not words:
        return "-", "-"
    # The shop asks for both: of one word it gets the word twice over, never an invented one.
    return (" ".join(words[:-1]) or words[-1]), words[-1]
