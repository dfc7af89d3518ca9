"""A customer as the shop is to hold it."""

from dataclasses import dataclass, field
from types import MappingProxyType

from daemon.sync.shop.values import ShopValues


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAddress:
    """
    One address; complete, or the shop drops it without a word.

    Attributes:
        country: two letters, `US`.
        region: code (`TX`) or name of the region, for countries that have a list of them; else any text.
        street: one to three lines.
    """

    first_name: str
    last_name: str
    street: tuple[str, ...]
    city: str
    country: str
    telephone: str
    postcode: str | None = None
    region: str | None = None
    company: str | None = None
    vat_id: str | None = None
    is_default_billing: bool = False
    is_default_shipping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopCustomer:
    """
    One customer, found by e-mail within a website; a member that is None stays as it is in the shop.

    Attributes:
        email: compared without regard to letter case.
        website: code of the website; None: the first one.
        store_view: code of the store view, for a customer that is new.
        group: code of the customer group, made when missing; None: left, `General` for a new customer.
        group_tax_class: name of the customer tax class of a group that is made.
        addresses: told addresses are added, or laid over the ones with the same street, city and postcode; others
            stay.
        values: customer attributes by code.
    """

    email: str
    first_name: str | None = None
    last_name: str | None = None
    website: str | None = None
    store_view: str | None = None
    group: str | None = None
    group_tax_class: str = "Retail Customer"
    vat_id: str | None = None
    addresses: tuple[ShopAddress, ...] | None = None
    values: ShopValues = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopCustomerGroup:
    """
    One customer group, made when missing.

    Attributes:
        code: its name, 1 to 32 characters, compared without regard to letter case.
        tax_class: name of a customer tax class.
    """

    code: str
    tax_class: str = "Retail Customer"
