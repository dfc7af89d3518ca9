"""Customers with their contacts and addresses."""

from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from daemon.sync.records.attribute import ErpAttributeValue
from daemon.sync.records.values import ErpFields


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpAddress:
    """An address of the ERP: without names; *country* two letters, *state* the ERP's code."""

    line_1: str = ""
    line_2: str = ""
    city: str = ""
    state: str | None = None
    postal_code: str | None = None
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpContact:
    """A person or place to write to; *attention* and *business_name* where the ERP has no first and last name."""

    first_name: str | None = None
    last_name: str | None = None
    attention: str | None = None
    business_name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: ErpAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpCustomer:
    """
    One customer.

    Attributes:
        customer_id: the key, blanks at its right cut.
        status: as the ERP words it: `Active`, `On Hold`, `Credit Hold`, `Inactive`, `One-Time`.
        customer_class, price_class: codes; None: none.
        main: the main contact; *billing* and *shipping* are None where they are the same as *main*.
        fields: every value that the schema can name, see `ErpFields`.
    """

    customer_id: str
    name: str
    status: str = "Active"
    customer_class: str | None = None
    price_class: str | None = None
    is_guest: bool = False
    tax_registration_id: str | None = None
    main: ErpContact = field(default_factory=ErpContact)
    primary: ErpContact | None = None
    billing: ErpContact | None = None
    shipping: ErpContact | None = None
    attributes: tuple[ErpAttributeValue, ...] = ()
    fields: ErpFields = field(default_factory=lambda: MappingProxyType({}))
    modified_at: datetime | None = None
