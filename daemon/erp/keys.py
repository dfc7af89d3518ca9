"""Matching what the ERP answered to the keys it was asked for by."""

from collections.abc import Callable, Collection
from typing import TypeVar

RecordT = TypeVar("RecordT")


def by_key(keys: Collection[str], records: Collection[RecordT], name: Callable[[RecordT], str]) -> dict[str, RecordT]:
    """Give the records under the keys they were asked for by: the ERP compares without regard to case."""
    known = {name(each).casefold(): each for each in records}
    return {key: known[key.casefold()] for key in keys if key.casefold() in known}
