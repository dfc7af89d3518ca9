"""Customers, their addresses and groups."""

from dataclasses import dataclass, field

NOT_LOGGED_IN, GENERAL = 0, 1
ALL_GROUPS_ID = 32000
LONGEST_CODE = 32
_BUYERS = 3


@dataclass(slots=True, kw_only=True)
class CustomerGroup:
    """One customer group; calls change it in place, hence not frozen."""

    group_id: int
    code: str
    tax_class_id: int = _BUYERS


@dataclass(slots=True, kw_only=True)
class Address:
    """One address of a customer: `facts` are its plain members by name."""

    address_id: int
    facts: dict[str, object] = field(default_factory=dict)
    region: str | None = None
    region_id: int = 0


@dataclass(slots=True, kw_only=True)
class Customer:
    """One customer; calls change it in place, hence not frozen. `facts` are its plain members by name."""

    customer_id: int
    created_at: str
    updated_at: str
    facts: dict[str, object] = field(default_factory=dict)
    custom: dict[str, object] = field(default_factory=dict)
    addresses: list[Address] = field(default_factory=list)
    default_billing: int | None = None
    default_shipping: int | None = None

    @property
    def email(self) -> str:
        """The e-mail address."""
        return str(self.facts.get("email", ""))


class People:
    """Customers and groups by id."""

    def __init__(self) -> None:
        self.groups = {
            group_id: CustomerGroup(group_id=group_id, code=code)
            for group_id, code in enumerate(("NOT LOGGED IN", "General", "Wholesale", "Retailer"))
        }
        self.customers: dict[int, Customer] = {}
        self.custom_attributes: set[str] = set()
        self._last_group = max(self.groups)
        self._last_customer = 0
        self._last_address = 0
        self._by_email: dict[str, int] = {}

    def group_named(self, code: str) -> CustomerGroup | None:
        """The group of that code, whatever its letter case."""
        return next((each for each in self.groups.values() if each.code.lower() == code.lower()), None)

    def add_group(self, code: str, tax_class_id: int) -> CustomerGroup:
        """Add a group; a long code is cut."""
        self._last_group += 1
        made = CustomerGroup(group_id=self._last_group, code=code[:LONGEST_CODE], tax_class_id=tax_class_id)
        self.groups[made.group_id] = made
        return made

    def next_customer_id(self) -> int:
        """A new customer id."""
        self._last_customer += 1
        return self._last_customer

    def next_address_id(self) -> int:
        """A new address id."""
        self._last_address += 1
        return self._last_address

    def put(self, customer: Customer) -> None:
        """Add a customer, or file one under a new e-mail address."""
        self.customers[customer.customer_id] = customer
        self._by_email[customer.email.lower()] = customer.customer_id

    def with_email(self, email: str) -> Customer | None:
        """The customer of an address, whatever its letter case."""
        known = self.customers.get(self._by_email.get(email.lower(), 0))
        return known if known is not None and known.email.lower() == email.lower() else None
