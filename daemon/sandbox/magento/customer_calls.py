"""The calls about customers."""

import re

from daemon.sandbox.magento.addresses import address_view, lay_addresses
from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.errors import Refusal, no_such_entity
from daemon.sandbox.magento.people import GENERAL, Customer
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.stores import STORE_VIEWS, WEBSITE_IDS
from daemon.sandbox.magento.values import JsonObject, integer, mapping, rows, text

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TWIN = "A customer with the same email address already exists in an associated website."
_SHORTEST_PASSWORD = 8
_NOT_FACTS = frozenset(
    {
        "id",
        "addresses",
        "custom_attributes",
        "extension_attributes",
        "default_billing",
        "default_shipping",
        "created_at",
        "updated_at",
    }
)


def create_customer(call: Call) -> JsonObject:
    """`POST customers`; an incomplete address is dropped without a word."""
    given = mapping(call.body, "customer") or {}
    email = (text(given, "email") or "").strip()
    if not email:
        raise Refusal("The customer email is missing. Enter and try again.")
    _check_website(given)
    password = text(call.body, "password")
    if password is not None and len(password) < _SHORTEST_PASSWORD:
        raise Refusal(
            "The password needs at least %1 characters. Create a new password and try again.",
            parameters=[str(_SHORTEST_PASSWORD)],
        )
    defaults: JsonObject = {"group_id": GENERAL, "store_id": 1, "website_id": 1, "disable_auto_group_change": 0}
    facts: JsonObject = {**defaults, **_facts(given)}
    _check(call, facts, None)
    now = call.shop.timestamp()
    customer = Customer(customer_id=call.shop.people.next_customer_id(), created_at=now, updated_at=now, facts=facts)
    store = next((view for view in STORE_VIEWS if view.id == facts["store_id"]), STORE_VIEWS[0])
    customer.facts["created_in"] = store.name
    _store_custom(call, customer, given)
    lay_addresses(call.shop.people, customer, rows(given, "addresses"), is_new=True)
    call.shop.people.put(customer)
    return customer_view(customer)


def update_customer(call: Call) -> JsonObject:
    """`PUT customers/:id`: what is sent is laid over what is stored; addresses, if sent, are all there are."""
    customer = _existing(call)
    given = mapping(call.body, "customer") or {}
    _check_website(given)
    facts: JsonObject = {**customer.facts, **_facts(given)}
    _check(call, facts, customer)
    if "addresses" in given:
        lay_addresses(call.shop.people, customer, rows(given, "addresses"), is_new=False)
    customer.facts = facts
    _store_custom(call, customer, given)
    customer.updated_at = call.shop.timestamp()
    call.shop.people.put(customer)
    return customer_view(customer)


def _facts(given: JsonObject) -> JsonObject:
    return {name: value for name, value in given.items() if name not in _NOT_FACTS and value is not None}


def _store_custom(call: Call, customer: Customer, given: JsonObject) -> None:
    for row in rows(given, "custom_attributes"):
        code = str(row.get("attribute_code"))
        if code in call.shop.people.custom_attributes:
            customer.custom[code] = row.get("value")


def _check_website(given: JsonObject) -> None:
    website = integer(given, "website_id")
    if website is not None and website not in WEBSITE_IDS:
        raise Refusal(
            f"The website with id {website} that was requested wasn't found. Verify the website and try again.",
            status=404,
        )


def _check(call: Call, facts: JsonObject, own: Customer | None) -> None:
    missing = [
        f'"{label}" is a required value.'
        for name, label in (("firstname", "First Name"), ("lastname", "Last Name"))
        if not facts.get(name)
    ]
    if missing:
        raise Refusal("\n".join(missing))
    email = str(facts["email"])
    if not _EMAIL.fullmatch(email):
        raise Refusal('"Email" is not a valid email address.')
    twin = call.shop.people.with_email(email)
    if twin is not None and twin is not own:
        raise Refusal(_TWIN)
    if facts["group_id"] not in call.shop.people.groups:
        raise Refusal("The specified customer group id does not exist.")


def _existing(call: Call) -> Customer:
    customer_id = call.number("customerId")
    customer = call.shop.people.customers.get(customer_id)
    if customer is None:
        raise no_such_entity("customerId", customer_id)
    return customer


def get_customer(call: Call) -> JsonObject:
    """`GET customers/:id`."""
    return customer_view(_existing(call))


def delete_customer(call: Call) -> bool:
    """`DELETE customers/:id`."""
    del call.shop.people.customers[_existing(call).customer_id]
    return True


def search_customers(call: Call) -> JsonObject:
    """`GET customers/search?searchCriteria…`."""
    criteria = call.criteria()
    found, total = find(call.shop.people.customers.values(), criteria, _field)
    return result([customer_view(each) for each in found], criteria, total)


def _field(customer: Customer, field: str) -> object:
    return customer.customer_id if field == "entity_id" else customer_view(customer).get(field)


def is_email_available(_call: Call) -> bool:
    """`POST customers/isEmailAvailable`: true for an address in use too, as a shop with guest checkout says."""
    return True


def customer_view(customer: Customer) -> JsonObject:
    """A customer as the shop shows it."""
    view: JsonObject = {"id": customer.customer_id, "group_id": customer.facts["group_id"]}
    for name in ("default_billing", "default_shipping"):
        if getattr(customer, name) is not None:
            view[name] = str(getattr(customer, name))
    view |= {"created_at": customer.created_at, "updated_at": customer.updated_at, **customer.facts}
    view["addresses"] = [address_view(customer, address) for address in customer.addresses]
    view["extension_attributes"] = {"is_subscribed": False}
    if customer.custom:
        view["custom_attributes"] = [
            {"attribute_code": code, "value": value} for code, value in customer.custom.items()
        ]
    return view
