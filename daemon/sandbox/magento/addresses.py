"""Storing a customer's addresses, with the ways in which they get lost."""

from collections.abc import Mapping

from daemon.sandbox.magento.directory import country_of, region_of
from daemon.sandbox.magento.errors import Refusal, invalid_value_of
from daemon.sandbox.magento.people import Address, Customer, People
from daemon.sandbox.magento.values import JsonObject, flag, integer, mapping, text

_NEEDED = ("firstname", "lastname", "street", "city", "country_id", "telephone")
_NOT_FACTS = frozenset(
    {
        "id",
        "customer_id",
        "region",
        "region_id",
        "default_billing",
        "default_shipping",
        "extension_attributes",
        "custom_attributes",
    }
)


def lay_addresses(people: People, customer: Customer, given: list[JsonObject], *, is_new: bool) -> None:
    """
    Store all addresses of a customer; those that are not listed go.

    A customer that is new loses what is incomplete; with a stored one the stored default must be listed.

    Raises:
        Refusal: 400.
    """
    listed = {integer(row, "id") for row in given}
    if not is_new and given:
        for name in ("default_billing", "default_shipping"):
            default = getattr(customer, name)
            if default is not None and default not in listed:
                raise Refusal(
                    "The %fieldName value is invalid. Set the correct value and try again.",
                    parameters={"fieldName": name},
                )
    known = {address.address_id: address for address in customer.addresses}
    drafts: list[tuple[JsonObject, Address]] = []
    for row in given:
        stored = known.get(integer(row, "id") or 0)
        draft = Address(
            address_id=stored.address_id if stored else 0,
            facts=dict(stored.facts) if stored else {},
            region=stored.region if stored else None,
            region_id=stored.region_id if stored else 0,
        )
        draft.facts |= {name: value for name, value in row.items() if name not in _NOT_FACTS and value is not None}
        _lay_region(draft, row)
        if is_new and any(not draft.facts.get(name) for name in _NEEDED):
            continue
        _check(draft)
        drafts.append((row, draft))
    _keep(people, customer, drafts)


def _keep(people: People, customer: Customer, drafts: list[tuple[JsonObject, Address]]) -> None:
    kept = {draft.address_id for _, draft in drafts}
    for name in ("default_billing", "default_shipping"):
        if getattr(customer, name) not in kept:
            setattr(customer, name, None)
    for row, draft in drafts:
        if not draft.address_id:
            draft.address_id = people.next_address_id()
        for name in ("default_billing", "default_shipping"):
            if flag(row, name):
                setattr(customer, name, draft.address_id)
    customer.addresses = [draft for _, draft in drafts]


def _lay_region(draft: Address, row: JsonObject) -> None:
    region, region_id = mapping(row, "region"), integer(row, "region_id")
    if region is not None:
        draft.region, draft.region_id = text(region, "region"), integer(region, "region_id") or 0
    if region_id is not None:
        draft.region_id = region_id


def _check(draft: Address) -> None:
    missing = [f'"{name}" is required. Enter and try again.' for name in _NEEDED if not draft.facts.get(name)]
    if missing:
        raise Refusal(missing[0])
    code = draft.facts["country_id"]
    country = country_of(code)
    if country is None:
        raise invalid_value_of("countryId", code)
    known = region_of(country, draft.region_id)
    if draft.region_id and country.regions and known is None:
        raise invalid_value_of("regionId", str(draft.region_id))
    if known is not None:
        draft.region = known.name


def address_view(customer: Customer, address: Address) -> JsonObject:
    """An address as the shop shows it."""
    facts: Mapping[str, object] = address.facts
    known = region_of(country_of(facts.get("country_id")), address.region_id)
    view: JsonObject = {
        "id": address.address_id,
        "customer_id": customer.customer_id,
        "region": {
            "region_code": known.code if known else None,
            "region": address.region,
            "region_id": address.region_id,
        },
        "region_id": address.region_id,
        **facts,
    }
    if customer.default_shipping == address.address_id:
        view["default_shipping"] = True
    if customer.default_billing == address.address_id:
        view["default_billing"] = True
    return view
