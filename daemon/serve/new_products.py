"""A product that is new in the shop: what came before it and found no product is looked at again."""

from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from daemon.sync.entities import INVENTORY, PRICING, PRODUCT_IMAGE, TIER_PRICE
from queues.errors import DatabaseUnavailable
from queues.postgres.changed_keys import ChangedKey, Origin

_OF_A_PRODUCT: Final = (PRICING, TIER_PRICE, INVENTORY, PRODUCT_IMAGE)

_log = structlog.stdlib.get_logger("daemon")


class Notes(Protocol):
    """Where keys wait to be looked at."""

    async def note(self, keys: Sequence[ChangedKey], *, origin: Origin) -> bool:
        """Note *keys*. Raises DatabaseUnavailable."""


class NewProducts:
    """
    Notes the keys of new products.

    Price, stock and image of a new item are pushed together with the item, and may be refused before the shop has the
    product; a later look brings them over, and supersedes what has Failed.

    Args:
        keys: told of them.
    """

    def __init__(self, keys: Notes) -> None:
        self._keys = keys

    async def note(self, sku: str) -> None:
        """Note what belongs to the product; without the database the next sync finds it."""
        try:
            await self._keys.note(
                [ChangedKey(event_type=each.event_type, key=sku) for each in _OF_A_PRODUCT], origin="catch_up"
            )
        except DatabaseUnavailable as error:
            _log.warning("product.not_followed_up", sku=sku, reason=str(error))
