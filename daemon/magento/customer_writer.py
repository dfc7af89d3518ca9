"""Customers into the store: found by e-mail within a website, made or changed in what differs."""

import re
from typing import Final

from daemon.magento.client import Answered, MagentoClient
from daemon.magento.countries import Countries
from daemon.magento.customer_bodies import (
    address_document,
    changed_customer,
    custom_of,
    facts_of,
    lost_attributes,
)
from daemon.magento.customer_groups import CustomerGroups
from daemon.magento.stores import StoreViews
from daemon.magento.talk import (
    Condition,
    Document,
    Halted,
    applied,
    custom_values,
    object_in,
    refuse,
    search,
    settled,
    tell,
)
from daemon.magento.websites import Websites
from daemon.sync.shop.customer import ShopAddress, ShopCustomer, ShopCustomerGroup
from queues.verdicts import Delivered, Verdict

_EMAIL: Final = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_FIELDS: Final = (
    "id,email,firstname,lastname,taxvat,group_id,website_id,disable_auto_group_change,"
    "addresses,custom_attributes[attribute_code,value]"
)
_LONGEST_STREET: Final = 3


class CustomerWriter:
    """
    Brings customers to a store.

    `isEmailAvailable` says yes of an address in use, so customers are searched for. What the store would drop without a
    word (incomplete addresses, regions, attributes it does not know) is checked before, or found in the answer.
    """

    def __init__(
        self,
        client: MagentoClient,
        *,
        groups: CustomerGroups,
        countries: Countries,
        websites: Websites,
        stores: StoreViews,
    ) -> None:
        self._client = client
        self._groups = groups
        self._countries = countries
        self._websites = websites
        self._stores = stores

    async def write(self, record: ShopCustomer) -> Verdict:
        """Bring the store to hold the customer."""
        return await settled(self._write(record))

    async def _write(self, record: ShopCustomer) -> Verdict:
        if not _EMAIL.fullmatch(record.email.strip()):
            refuse("validation", f"{record.email!r} is no e-mail address; mend it in the ERP")
        website = record.website
        website_id = await self._websites.first() if website is None else (await self._websites.resolve((website,)))[0]
        addresses = None if record.addresses is None else [await self._address(each) for each in record.addresses]
        group_id = None
        if record.group is not None:
            group = ShopCustomerGroup(code=record.group, tax_class=record.group_tax_class)
            group_id, _ = await self._groups.ensure(group)
        facts = facts_of(record, group_id)
        stored = await self._find(record.email.strip(), website_id)
        if stored is None:
            return await self._create(record, facts, addresses or [], website_id)
        body = changed_customer(stored, facts, addresses, custom_of(record, custom_values(stored)))
        if not body:
            return Delivered()
        reply = await tell(self._client, "PUT", ("customers", str(stored["id"])), {"customer": body})
        shown = object_in(reply, "a customer")
        _check_addresses(shown, len(body["addresses"]) if "addresses" in body else 0, reply)
        _check_attributes(record, shown, reply)
        return applied(reply)

    async def _find(self, email: str, website_id: int) -> Document | None:
        rows = await search(
            self._client,
            ("customers", "search"),
            [Condition(field="email", value=email), Condition(field="website_id", value=str(website_id))],
            what=f"the customer {email}",
            fields=_FIELDS,
        )
        return next((row for row in rows if str(row.get("email", "")).casefold() == email.casefold()), None)

    async def _address(self, address: ShopAddress) -> Document:
        needed = {
            "first name": address.first_name,
            "last name": address.last_name,
            "street": "".join(address.street),
            "city": address.city,
            "country": address.country,
            "telephone": address.telephone,
        }
        missing = [name for name, value in needed.items() if not value.strip()]
        if missing:
            refuse("validation", f"an address lacks {', '.join(missing)} (the store would drop it); mend it in the ERP")
        if len([line for line in address.street if line.strip()]) > _LONGEST_STREET:
            refuse("validation", f"an address has more than {_LONGEST_STREET} lines of street; shorten it in the ERP")
        return address_document(address, await self._countries.region(address.country, address.region))

    async def _create(
        self, record: ShopCustomer, facts: Document, addresses: list[Document], website_id: int
    ) -> Verdict:
        missing = [name for name, key in (("first name", "firstname"), ("last name", "lastname")) if not facts.get(key)]
        if missing:
            refuse("validation", f"{record.email} is new to the store and has no {' and no '.join(missing)}")
        customer: Document = {"email": record.email.strip(), "website_id": website_id, **facts}
        if record.store_view is not None:
            store_id = (await self._stores.resolve({record.store_view}))[record.store_view]
            if not isinstance(store_id, int):
                raise Halted(store_id)
            customer["store_id"] = store_id
        if addresses:
            customer["addresses"] = addresses
        custom = custom_of(record, {})
        if custom:
            customer["custom_attributes"] = custom
        hint = "accounts may be shared between websites, and the address taken in another one"
        reply = await tell(self._client, "POST", ("customers",), {"customer": customer}, hint=hint)
        shown = object_in(reply, "a customer")
        _check_addresses(shown, len(addresses), reply)
        _check_attributes(record, shown, reply)
        return applied(reply)


def _check_addresses(shown: Document, sent: int, reply: Answered) -> None:
    stored = shown.get("addresses")
    if sent and isinstance(stored, list) and len(stored) < sent:
        refuse(
            "not_applied",
            f"the store answered 200 and kept {len(stored)} of {sent} addresses; one of them is incomplete for it",
            exchange=reply.exchange,
        )


def _check_attributes(record: ShopCustomer, shown: Document, reply: Answered) -> None:
    lost = lost_attributes(record, shown)
    if lost:
        refuse(
            "not_applied",
            f"the store answered 200 and dropped {', '.join(lost)}: it has no such customer attributes (they need "
            "Adobe Commerce); make them there, or switch the customer attribute sync off",
            exchange=reply.exchange,
        )
