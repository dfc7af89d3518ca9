"""What is written at once is bounded by its bytes."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from queues.worker.portions import PORTION_BYTES, portions


@given(st.lists(st.integers(0, 2 * PORTION_BYTES), max_size=30))
def test_portions_hold_everything_in_order_and_are_small_or_single(sizes: list[int]) -> None:
    cut = list(portions(sizes, lambda size: size))

    assert [size for portion in cut for size in portion] == sizes
    assert all(len(portion) == 1 or sum(portion) <= PORTION_BYTES for portion in cut)
    assert all(sum(one) + other[0] > PORTION_BYTES for one, other in itertools.pairwise(cut))
