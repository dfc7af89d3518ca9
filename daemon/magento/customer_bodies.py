"""The body of a customer's save: all of a new one, of one that is there what differs, and never a lost address."""

from collections.abc import Mapping, Sequence
from typing import Any

from daemon.magento.attribute_values import plain, same_value
from daemon.magento.talk import Document, custom_values
from daemon.sync.shop.customer import ShopAddress, ShopCustomer
from daemon.sync.shop.values import ShopValue


def address_document(address: ShopAddress, region: Document) -> Document:
    """Write an address whole: of a new customer the store drops one that is not."""
    document: Document = {
        "firstname": address.first_name,
        "lastname": address.last_name,
        "street": [line for line in address.street if line.strip()],
        "city": address.city,
        "country_id": address.country.strip().upper(),
        "region": region,
        "telephone": address.telephone,
    }
    for name, value in (("postcode", address.postcode), ("company", address.company), ("vat_id", address.vat_id)):
        if value is not None:
            document[name] = value
    if address.is_default_billing:
        document["default_billing"] = True
    if address.is_default_shipping:
        document["default_shipping"] = True
    return document


def facts_of(record: ShopCustomer, group_id: int | None) -> Document:
    """Write the plain members that are told."""
    told = {
        "firstname": record.first_name,
        "lastname": record.last_name,
        "taxvat": record.vat_id,
        "group_id": group_id,
    }
    facts: Document = {name: value for name, value in told.items() if value is not None}
    if group_id is not None:
        # Else the shop may give another group by the VAT number.
        facts["disable_auto_group_change"] = 1
    return facts


def custom_of(record: ShopCustomer, stored: Mapping[str, Any]) -> list[Document]:
    """Write the customer attributes that differ from what is stored."""
    rows: list[Document] = []
    for code, value in record.values.items():
        wanted = _text(value)
        if not same_value(stored.get(code), wanted):
            rows.append({"attribute_code": code, "value": wanted})
    return rows


def _text(value: ShopValue) -> str | None:
    """Write a value as the text it is: the store does not tell the options of customer attributes."""
    if value is None or value == ():
        return None
    return ", ".join(value) if isinstance(value, tuple) else plain(value)


def changed_customer(
    stored: Document, facts: Document, addresses: Sequence[Document] | None, custom: list[Document]
) -> Document:
    """
    Write what of a stored customer differs; empty if nothing does.

    Every stored address is listed by its id when one is told: those that are not listed would be deleted.
    """
    body: Document = {name: value for name, value in facts.items() if stored.get(name) != value}
    if custom:
        body["custom_attributes"] = custom
    known = [row for row in stored.get("addresses") or [] if isinstance(row, dict)]
    merged = None if addresses is None else _merged(known, addresses)
    if merged is not None:
        body["addresses"] = merged
    return body


def _merged(known: list[Document], told: Sequence[Document]) -> list[Document] | None:
    """Lay told addresses over those at the same place and add the others; None if nothing changes."""
    rows: list[Document] = [{"id": row["id"]} for row in known]
    is_changed = False
    for address in told:
        at = next((place for place, row in enumerate(known) if _place(row) == _place(address)), None)
        if at is None:
            rows.append(dict(address))
            is_changed = True
        elif any(known[at].get(name) != value for name, value in address.items()):
            rows[at] = {"id": known[at]["id"], **address}
            is_changed = True
    return rows if is_changed else None


def _place(address: Mapping[str, Any]) -> tuple[str, ...]:
    street = address.get("street")
    lines = " ".join(map(str, street)) if isinstance(street, list) else ""
    told = (lines, address.get("city"), address.get("postcode"))
    return tuple(" ".join(str(each or "").casefold().split()) for each in told)


def lost_attributes(record: ShopCustomer, shown: Document) -> list[str]:
    """Name the customer attributes that the store dropped."""
    stored = custom_values(shown)
    return [code for code, value in record.values.items() if value not in (None, ()) and code not in stored]
