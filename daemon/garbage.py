"""Garbage collection that suits a daemon: what was loaded at its start is never looked at again."""

import gc
from typing import Final

_YOUNG_OBJECTS: Final = 10_000
_ROUNDS: Final = (20, 50)
"""Collections of a younger generation before the next older one has its turn."""


def spare_loaded_objects() -> None:
    """
    Take everything that exists now out of the collector's rounds, and collect in larger lots.

    Modules, tables and compiled statements are some hundred thousand objects that stay for good; going through them
    again and again took a fifth of the processor time of a drain. To be called once, at the end of the start.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, *_ROUNDS)
