"""Definitions of attributes: what the stored values of records stand for."""

from collections.abc import Collection, Mapping

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.lists import read_attribute
from daemon.acumatica.records.making import is_missing
from daemon.remembering import Remembered
from daemon.sync.mapping.attribute_values import attribute_value
from daemon.sync.records.attribute import ErpAttribute, ErpAttributeValue
from queues.verdicts import Refused


class Definitions:
    """
    Reads definitions as values need them, and keeps them for some minutes.

    A value that a kept definition does not offer is looked up again: it may have been added since.

    Args:
        client: of the ERP.
    """

    def __init__(self, client: AcumaticaClient) -> None:
        self._client = client
        self._known: Remembered[str, ErpAttribute] = Remembered(client.clock)

    async def of(self, values: Collection[ErpAttributeValue]) -> Mapping[str, ErpAttribute] | NotDone:
        """Give the definitions of the attributes that *values* are of, those that there are, by attribute id."""
        found: dict[str, ErpAttribute] = {}
        for told in values:
            definition = found.get(told.attribute_id) or self._known.get(told.attribute_id)
            if definition is None or not _offers(definition, told):
                read = await read_attribute(self._client, told.attribute_id)
                if isinstance(read, NotDone):
                    if not is_missing(read):
                        return read
                    continue
                definition = self._known.keep(told.attribute_id, read)
            found[told.attribute_id] = definition
        return found


def _offers(definition: ErpAttribute, told: ErpAttributeValue) -> bool:
    return not isinstance(attribute_value(told, {definition.attribute_id: definition}), Refused)
