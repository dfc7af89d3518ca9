"""What may make a shop refuse what it would accept: the switch board of the sandbox matches this port."""

from typing import Protocol

from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.values import JsonObject


class Veto(Protocol):
    """Refuses single records although nothing is wrong with them."""

    def price_row(self, position: int, sku: str | None) -> JsonObject | None:
        """The problem entry for a row of a price call (*position* from 0), None to let it pass."""

    def record(self, sku: str | None) -> Refusal | None:
        """The refusal of a whole call because it holds *sku*, None to let it pass."""


class NoVeto:
    """Lets everything pass."""

    def price_row(self, position: int, sku: str | None) -> JsonObject | None:  # noqa: ARG002 - matches the port
        """Let the row pass."""
        return None

    def record(self, sku: str | None) -> Refusal | None:  # noqa: ARG002 - matches the port
        """Let the record pass."""
        return None
