"""Customers with their contacts and addresses."""

from typing import Final

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.reading import Reading
from daemon.acumatica.records.making import fields_of, make_one
from daemon.acumatica.wrapped import Wrapped
from daemon.sync.records.attribute import ErpAttributeValue
from daemon.sync.records.customer import ErpAddress, ErpContact, ErpCustomer

_CONTACT: Final = ("FirstName", "LastName", "Attention", "CompanyName", "Email", "Phone1")
_ADDRESS: Final = ("AddressLine1", "AddressLine2", "City", "State", "PostalCode", "Country")
_PLACES: Final = ("MainContact", "PrimaryContact", "BillingContact", "ShippingContact")

CUSTOMER: Final = Reading(
    entity="Customer",
    fields=(
        "CustomerID", "CustomerName", "Status", "CustomerClass", "PriceClassID", "IsGuestCustomer",
        "TaxRegistrationID", "BillingContactOverride", "ShippingContactOverride", "LastModifiedDateTime",
        *(f"{place}/{name}" for place in _PLACES for name in _CONTACT),
        *(f"{place}/Address/{name}" for place in _PLACES for name in _ADDRESS),
        "Attributes/AttributeID", "Attributes/Value", "Attributes/ValueDescription",
    ),
)  # fmt: skip


async def read_customer(client: AcumaticaClient, customer_id: str) -> ErpCustomer | NotDone:
    """Read one customer."""
    return await make_one(client, CUSTOMER, (customer_id,), _customer)


def _customer(row: Wrapped) -> ErpCustomer:
    attributes = tuple(
        ErpAttributeValue(
            attribute_id=each.required("AttributeID"),
            value=each.text("Value"),
            description=each.text("ValueDescription"),
        )
        for each in row.rows("Attributes")
    )
    fields = fields_of(row, CUSTOMER.fields)
    fields |= {f"Attributes.{each.attribute_id}": each.value for each in attributes}
    return ErpCustomer(
        customer_id=row.required("CustomerID"),
        name=row.text("CustomerName") or "",
        status=row.text("Status") or "",
        customer_class=row.text("CustomerClass"),
        price_class=row.text("PriceClassID"),
        is_guest=bool(row.flag("IsGuestCustomer")),
        tax_registration_id=row.text("TaxRegistrationID"),
        main=_contact(row.one("MainContact")) or ErpContact(),
        primary=_contact(row.one("PrimaryContact")),
        billing=_contact(row.one("BillingContact")) if row.flag("BillingContactOverride") else None,
        shipping=_contact(row.one("ShippingContact")) if row.flag("ShippingContactOverride") else None,
        attributes=attributes,
        fields=fields,
        modified_at=row.moment("LastModifiedDateTime"),
    )


def _contact(row: Wrapped | None) -> ErpContact | None:
    if row is None:
        return None
    return ErpContact(
        first_name=row.text("FirstName"),
        last_name=row.text("LastName"),
        attention=row.text("Attention"),
        business_name=row.text("CompanyName"),
        email=row.text("Email"),
        phone=row.text("Phone1"),
        address=_address(row.one("Address")),
    )


def _address(row: Wrapped | None) -> ErpAddress | None:
    if row is None:
        return None
    return ErpAddress(
        line_1=row.text("AddressLine1") or "",
        line_2=row.text("AddressLine2") or "",
        city=row.text("City") or "",
        state=row.text("State"),
        postal_code=row.text("PostalCode"),
        country=row.text("Country") or "",
    )
