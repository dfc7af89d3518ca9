"""Checking an event against its type: at the HTTP intake, and by the worker before any attempt."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from daemon.sync.dependencies import LINK_KINDS, read_links
from daemon.sync.document_key import read_document_key
from daemon.sync.entities import (
    INVENTORY,
    INVOICE,
    ORDER_STATUS,
    PRICING,
    PRODUCT_DEPENDENCIES,
    PRODUCT_STATUS,
    known_event_types,
)
from daemon.sync.inventory import DEFAULT_SOURCE, read_stock
from daemon.sync.key_only import read_key
from daemon.sync.pricing import read_price
from daemon.sync.product_status import read_status
from daemon.sync.refusal import refuse
from queues.message import ChangeEvent

_READERS: Final[Mapping[str, Callable[[ChangeEvent], object]]] = MappingProxyType(
    {
        # Most are the key of a record and no more.
        **dict.fromkeys(known_event_types(), read_key),
        PRICING.event_type: read_price,
        INVENTORY.event_type: read_stock,
        PRODUCT_STATUS.event_type: read_status,
        PRODUCT_DEPENDENCIES.event_type: read_links,
        ORDER_STATUS.event_type: read_document_key,
        INVOICE.event_type: read_document_key,
    }
)


def check_event(event: ChangeEvent) -> None:
    """
    Refuse an event that no sender could ever make sense of.

    Raises:
        InvalidMessage: `unknown_type` naming the known ones, or what is wrong with its data and which member it is.
    """
    reader = _READERS.get(event.type)
    if reader is None:
        refuse("unknown_type", "type", f"must be one of {', '.join(known_event_types())}", event.type)
    reader(event)


def part_of(event: ChangeEvent) -> str:
    """
    Tell which part of its record *event* is about; empty where records have no parts.

    The stock of one SKU at two sources are two things: neither stands for the other in a bulk request, nor does a newer
    level of the one supersede an older level of the other. So are the kinds of links that an event tells itself.
    """
    match event.type:
        case INVENTORY.event_type:
            return str(event.data.get("source_code") or DEFAULT_SOURCE)
        case PRODUCT_DEPENDENCIES.event_type:
            return ",".join(kind for kind in LINK_KINDS if event.data.get(kind) is not None)
        case _:
            return ""
