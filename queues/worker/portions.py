"""What is written at once stays small: bodies travel to the database in portions."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

PORTION_BYTES: Final = 8 * 1024 * 1024
"""Of bodies in one transaction, as far as whole items allow: the driver holds several copies of them."""

Item = TypeVar("Item")


def portions(items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Cut *items* into runs of at most PORTION_BYTES, each of one item at least; *size* tells an item's bytes."""
    portion: list[Item] = []
    held = 0
    for item in items:
        item_bytes = size(item)
        if portion and held + item_bytes > PORTION_BYTES:
            yield portion
            portion, held = [], 0
        portion.append(item)
        held += item_bytes
    if portion:
        yield portion
