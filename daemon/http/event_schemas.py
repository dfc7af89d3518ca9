"""What events look like, a schema for each type that is taken in (DESIGN.md, section 5)."""

from typing import Any, Final

from daemon.http.value_schemas import BLANKS, NAME
from daemon.sync.dependencies import LINK_KINDS, LONGEST_SKU, MOST_LINKS
from daemon.sync.entities import (
    ATTRIBUTE,
    ATTRIBUTE_SET,
    CATEGORY,
    CUSTOMER,
    INVENTORY,
    INVOICE,
    ORDER_STATUS,
    PRICING,
    PRODUCT,
    PRODUCT_DEPENDENCIES,
    PRODUCT_IMAGE,
    PRODUCT_STATUS,
    SHIPMENT,
    TAX_CATEGORY,
    TIER_PRICE,
    Entity,
)
from daemon.sync.inventory import QUANTITIES
from daemon.sync.pricing import PRICES
from queues.message import MAX_TEXT

_SHARED: Final = "Event"

PRICE: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,14}(\.[0-9]{1,6})?$"},
        {"type": "number", "minimum": int(PRICES.lowest), "maximum": int(PRICES.highest)},
    ],
    "description": f"A decimal from 0 with at most {PRICES.places} decimals. Read digit for digit, as text or number.",
}
_PRICE_OR_NULL: Final[dict[str, Any]] = {**PRICE, "anyOf": [*PRICE["anyOf"], {"type": "null"}]}
QUANTITY: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string", "pattern": r"^-?[0-9]{1,8}(\.[0-9]{1,4})?$"},
        {"type": "number", "minimum": int(QUANTITIES.lowest), "maximum": int(QUANTITIES.highest)},
    ],
    "description": f"A decimal with at most {QUANTITIES.places} decimals, absolute. Read digit for digit.",
}
_SPECIAL_TIME: Final[dict[str, Any]] = {
    "type": ["string", "null"],
    "pattern": r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?)?$",
    "description": "A day or a time, UTC unless it names its zone; only beside `special_price`.",
}


_LINKS: Final[dict[str, Any]] = {
    "type": ["array", "null"],
    "maxItems": MOST_LINKS,
    "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_SKU},
    "description": "SKUs in the order shown; none takes the old ones away.",
}
_DOCUMENTS: Final = frozenset({ORDER_STATUS, INVOICE})
_DOCUMENT_KEY: Final[dict[str, Any]] = {
    **NAME,
    "pattern": rf"^[^/\x00]*[^/\x00{BLANKS}][^/\x00]*/[^\x00]*[^\x00{BLANKS}][^\x00]*$",
    "description": "The document's type and number, `SO/SO000123` or `Invoice/AR000123`.",
}


def _object(required: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _event(entity: Entity, data: dict[str, Any], about: str) -> dict[str, Any]:
    return {
        "allOf": [{"$ref": f"#/components/schemas/{_SHARED}"}],
        "type": "object",
        "required": ["type", "data"],
        "properties": {"type": {"const": entity.event_type}, "data": data},
        "description": about,
    }


def _key_event(entity: Entity) -> dict[str, Any]:
    return {
        "allOf": [{"$ref": f"#/components/schemas/{_SHARED}"}],
        "type": "object",
        "required": ["type", "data"],
        "properties": {
            "type": {"const": entity.event_type},
            "data": {"type": "object", "description": "Kept and not looked at."},
            **({"subject": _DOCUMENT_KEY} if entity in _DOCUMENTS else {}),
        },
        "description": "Names a record that changed; it is read in the ERP when it is sent.",
    }


_KEY_EVENTS: Final = {
    "TaxCategoryEvent": TAX_CATEGORY,
    "TierPriceEvent": TIER_PRICE,
    "AttributeEvent": ATTRIBUTE,
    "AttributeSetEvent": ATTRIBUTE_SET,
    "CategoryEvent": CATEGORY,
    "ProductEvent": PRODUCT,
    "ProductImageEvent": PRODUCT_IMAGE,
    "CustomerEvent": CUSTOMER,
    "OrderStatusEvent": ORDER_STATUS,
    "ShipmentEvent": SHIPMENT,
    "InvoiceEvent": INVOICE,
}
"""Events that carry a key only, by the name of their schema."""

EVENT_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    _SHARED: _object(
        {
            "specversion": {"type": "string", "const": "1.0"},
            "id": {**NAME, "description": "Unique within its source; a repeat is dropped."},
            "source": {**NAME, "description": "Who says so, `acumatica/REVISION`."},
            "subject": {**NAME, "description": "The record key, a SKU."},
            "time": {
                "type": "string",
                "format": "date-time",
                "maxLength": MAX_TEXT,
                "description": "The version of the record: an older one never overwrites a newer one.",
            },
        },
        {
            "datacontenttype": {"type": "string", "const": "application/json"},
            "storeview": {**NAME, "type": ["string", "null"], "description": "The scope; left out for all."},
            "changed": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Names of fields."},
        },
    ),
    "PricingEvent": _event(
        PRICING,
        _object(
            {"price": PRICE},
            {
                "cost": _PRICE_OR_NULL,
                "special_price": _PRICE_OR_NULL,
                "special_from": _SPECIAL_TIME,
                "special_to": _SPECIAL_TIME,
                "special_price_withdrawn": {
                    "type": ["boolean", "null"],
                    "description": "True: there is no special price any more, and one that the shop has goes.",
                },
                "website": {
                    "type": ["string", "null"],
                    "pattern": "^[A-Za-z][A-Za-z0-9_]{0,63}$",
                    "description": "The website whose own price this is; `storeview` names one of its store views.",
                },
                "price_inherited": {
                    "type": ["boolean", "null"],
                    "description": "True beside `website`: `price` is that of all, not written for this one.",
                },
            },
        ),
        "The prices of one SKU.",
    ),
    "InventoryEvent": _event(
        INVENTORY,
        _object(
            {"quantity": QUANTITY},
            {
                "source_code": {
                    "type": ["string", "null"],
                    "minLength": 1,
                    "maxLength": MAX_TEXT,
                    "pattern": rf"^[^\x00{BLANKS}]*$",
                    "description": "Magento's code of the place, `default` if left out.",
                },
                "in_stock": {"type": ["boolean", "null"], "description": "Left out: whether there is any."},
            },
        ),
        "The stock of one SKU at one source.",
    ),
    "ProductStatusEvent": _event(
        PRODUCT_STATUS,
        _object(
            {"status": {"type": "string", "enum": ["enabled", "disabled"]}},
            {"when_missing": {"type": "string", "enum": ["refuse", "skip"]}},
        ),
        "Whether one SKU is offered.",
    ),
    **{name: _key_event(entity) for name, entity in _KEY_EVENTS.items()},
    "ProductDependenciesEvent": _event(
        PRODUCT_DEPENDENCIES,
        {"type": "object", "properties": dict.fromkeys(LINK_KINDS, _LINKS)},
        "The products one SKU points at, all of a kind; a kind that is left out, or null, stays as it is.",
    ),
    "ChangeEvent": {
        "oneOf": [
            {"$ref": f"#/components/schemas/{name}"}
            for name in (
                "PricingEvent",
                "InventoryEvent",
                "ProductStatusEvent",
                "ProductDependenciesEvent",
                *_KEY_EVENTS,
            )
        ],
        "discriminator": {
            "propertyName": "type",
            "mapping": {
                PRICING.event_type: "#/components/schemas/PricingEvent",
                INVENTORY.event_type: "#/components/schemas/InventoryEvent",
                PRODUCT_STATUS.event_type: "#/components/schemas/ProductStatusEvent",
                PRODUCT_DEPENDENCIES.event_type: "#/components/schemas/ProductDependenciesEvent",
                **{entity.event_type: f"#/components/schemas/{name}" for name, entity in _KEY_EVENTS.items()},
            },
        },
        "description": "A CloudEvent 1.0 in its structured form. Further attributes and members of `data` are kept.",
    },
}
