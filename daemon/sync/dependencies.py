"""What an event of `to_magento.product_dependencies` may say: links, kind by kind; those it leaves out nobody knows."""

from collections.abc import Mapping
from typing import Final, get_args

from daemon.sync.refusal import refuse
from daemon.sync.shop.product import LinkKind
from queues.message import ChangeEvent

LINK_KINDS: Final[tuple[LinkKind, ...]] = get_args(LinkKind)
MOST_LINKS: Final = 1_000
"""Products that one may point at, in each kind."""
LONGEST_SKU: Final = 64


def read_links(event: ChangeEvent) -> Mapping[LinkKind, tuple[str, ...]]:
    """
    Read the links that an event tells itself; a kind it leaves out, or tells as null, is not known.

    The ERP's contract has neither related items nor the parts of kits: whoever knows them says so in the event.

    Raises:
        InvalidMessage: naming the member, what was expected and what came.
    """
    return {kind: _skus(kind, told) for kind in LINK_KINDS if (told := event.data.get(kind)) is not None}


def _skus(kind: LinkKind, told: object) -> tuple[str, ...]:
    expected = f"must be a list of at most {MOST_LINKS} SKUs of 1 to {LONGEST_SKU} characters"
    if not isinstance(told, list) or len(told) > MOST_LINKS:
        refuse("invalid", f"data.{kind}", expected, told)
    for place, sku in enumerate(told):
        if not isinstance(sku, str) or not 1 <= len(sku.strip()) <= LONGEST_SKU:
            refuse("invalid", f"data.{kind}[{place}]", expected, sku)
    return tuple(dict.fromkeys(sku.strip() for sku in told))
