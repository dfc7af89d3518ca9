"""The calls about sources, stocks and salable quantities."""

from decimal import Decimal

from daemon.sandbox.magento.call import Call
from daemon.sandbox.magento.decimals import number as json_number
from daemon.sandbox.magento.errors import PhpFault, Refusal
from daemon.sandbox.magento.inventory import DEFAULT_SOURCE
from daemon.sandbox.magento.search import find, result
from daemon.sandbox.magento.values import JsonObject, mapping, text

_NEEDED = ("source_code", "name", "postcode", "country_id")
_STOCK: JsonObject = {
    "stock_id": 1,
    "name": "Default Stock",
    "extension_attributes": {"sales_channels": [{"type": "website", "code": "base"}]},
}


def search_sources(call: Call) -> JsonObject:
    """`GET inventory/sources?searchCriteria…`."""
    criteria = call.criteria()
    found, total = find(call.shop.inventory.sources.values(), criteria, lambda row, field: row.get(field))
    return result(found, criteria, total)


def save_source(call: Call) -> list[JsonObject]:
    """`POST inventory/sources` (also for a code that exists) and `PUT inventory/sources/:sourceCode`."""
    given = dict(mapping(call.body, "source") or {})
    if "sourceCode" in call.path:
        given["source_code"] = call.path["sourceCode"]
    known = call.shop.inventory.sources.get((text(given, "source_code") or "").lower(), {})
    merged: JsonObject = {**known, **{name: value for name, value in given.items() if value is not None}}
    errors: list[JsonObject] = [
        {"message": '"%field" can not be empty.', "parameters": {"field": field}}
        for field in _NEEDED
        if not merged.get(field)
    ]
    if errors:
        raise Refusal("Validation Failed", errors=errors)
    defaults: JsonObject = {"enabled": True, "use_default_carrier_config": True, "carrier_links": []}
    extensions: JsonObject = {"extension_attributes": {"is_pickup_location_active": False, "frontend_name": ""}}
    call.shop.inventory.sources[str(merged["source_code"]).lower()] = {**defaults, **extensions, **merged}
    return []


def get_source(call: Call) -> JsonObject:
    """`GET inventory/sources/:sourceCode`."""
    code = call.path["sourceCode"]
    source = call.shop.inventory.sources.get(code.lower())
    if source is None:
        raise Refusal('Source with code "%value" does not exist.', status=404, parameters={"value": code})
    return source


def search_stocks(call: Call) -> JsonObject:
    """`GET inventory/stocks?searchCriteria…`: the one stock, which sells what the default source holds."""
    criteria = call.criteria()
    found, total = find([_STOCK], criteria, lambda row, field: row.get(field))
    return result(found, criteria, total)


def salable_quantity(call: Call) -> int | float | Decimal:
    """`GET inventory/get-product-salable-quantity/:sku/:stockId`; open orders are taken off."""
    if call.shop.catalogue.get(call.path["sku"]) is None:
        raise PhpFault
    return json_number(_default_quantity(call) - call.shop.sales.reserved(call.path["sku"]))


def is_salable(call: Call) -> bool:
    """`GET inventory/is-product-salable/:sku/:stockId`."""
    return _default_quantity(call) > call.shop.sales.reserved(call.path["sku"])


def _default_quantity(call: Call) -> Decimal:
    for item in call.shop.inventory.items_of(call.path["sku"]):
        if item.source_code.lower() == DEFAULT_SOURCE and item.status == 1:
            return item.quantity
    return Decimal(0)
