"""Single records of the ERP as senders read them, at the moment they send."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.lists import read_category
from daemon.sync.entity_rules import CategoryWithAncestors
from daemon.sync.hydrating import NotRead
from daemon.sync.records.category import ErpCategory
from queues.verdicts import Refused

RecordT = TypeVar("RecordT")


class OneRecord(Generic[RecordT]):
    """
    Matches `RecordReader`: a record the ERP does not have is none, not a failure.

    Args:
        client: of the ERP.
        read: reads one record by its key.
    """

    def __init__(
        self, client: AcumaticaClient, read: Callable[[AcumaticaClient, str], Awaitable[RecordT | NotDone]]
    ) -> None:
        self._client = client
        self._read = read

    async def read(self, key: str) -> RecordT | NotRead | None:
        """Read the record of *key*."""
        record = await self._read(self._client, key)
        if not isinstance(record, NotDone):
            return record
        return None if _is_missing(record) else record.verdict


def _is_missing(answer: NotDone) -> bool:
    return isinstance(answer.verdict, Refused) and answer.verdict.error_class == "not_found"


def category_reader(client: AcumaticaClient) -> OneRecord[CategoryWithAncestors]:
    """Give the reader of categories with those above them."""
    return OneRecord(client, _category_with_ancestors)


async def _category_with_ancestors(client: AcumaticaClient, category_id: str) -> CategoryWithAncestors | NotDone:
    category = await read_category(client, category_id)
    if isinstance(category, NotDone):
        return category
    above: dict[str, ErpCategory] = {}
    parent_id = category.parent_id
    # A tree that bites its own tail, or hangs on a category that is gone, ends there; the shop refuses it by name.
    while parent_id and parent_id not in {*above, category.category_id}:
        parent = await read_category(client, parent_id)
        if isinstance(parent, NotDone):
            if _is_missing(parent):
                break
            return parent
        above[parent_id], parent_id = parent, parent.parent_id
    return CategoryWithAncestors(category=category, ancestors=tuple(reversed(above.values())))
