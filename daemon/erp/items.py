"""Items as change capture and the senders read them."""

from collections.abc import Mapping, Sequence

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.items import read_item
from daemon.sync.hydrating import NotRead
from daemon.sync.records.item import ErpItem
from queues.verdicts import Refused


class ItemReader:
    """Matches `RecordsReader`: whole items, with their class."""

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, ErpItem] | NotRead:
        """Read the items that there are, under the keys they were asked for by."""
        found: dict[str, ErpItem] = {}
        for key in keys:
            item = await read_item(self._client, key)
            if not isinstance(item, NotDone):
                found[key] = item
            elif not (isinstance(item.verdict, Refused) and item.verdict.error_class == "not_found"):
                return item.verdict
        return found
