"""Deadlocks between price calls: two batches that share SKUs in another order cannot both have their rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from daemon.sandbox.magento.product import sku_key


class RowLocks:
    """
    The price calls under way.

    The recorded shop refused a quarter of the calls when two writers sent the same rows in different order, and none
    when the rows were sorted. Here every such pair clashes, so that a client that risks it is found out at once.
    """

    def __init__(self) -> None:
        self._held: list[list[str]] = []

    @contextmanager
    def hold(self, skus: Sequence[str]) -> Iterator[bool]:
        """Hold the rows of a call while the block lasts; yields False if it is the victim of a deadlock."""
        wanted = list(dict.fromkeys(sku_key(sku) for sku in skus))
        if any(_in_other_order(wanted, held) for held in self._held):
            yield False
            return
        self._held.append(wanted)
        try:
            yield True
        finally:
            self._held.remove(wanted)


def _in_other_order(wanted: Sequence[str], held: Sequence[str]) -> bool:
    place = {sku: position for position, sku in enumerate(held)}
    shared = [place[sku] for sku in wanted if sku in place]
    return shared != sorted(shared)
