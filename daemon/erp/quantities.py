"""Quantities of items as change capture reads them, many items at once."""

from collections.abc import Mapping, Sequence

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.stock import read_quantities
from daemon.erp.keys import by_key
from daemon.sync.hydrating import NotRead
from daemon.sync.records.quantities import ErpQuantities


class QuantityReader:
    """Matches `RecordsReader`: the quantities of items."""

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client

    async def read_many(self, keys: Sequence[str]) -> Mapping[str, ErpQuantities] | NotRead:
        """Read the quantities that there are, under the keys they were asked for by."""
        found = await read_quantities(self._client, keys)
        if isinstance(found, NotDone):
            return found.verdict
        return by_key(keys, found.values(), lambda each: each.inventory_id)
