"""Customers of the ERP as senders read them."""

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.customers import read_customer
from daemon.erp.definitions import Definitions
from daemon.erp.records import RecordOfSettings
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.entity_rules import CustomerWithDefinitions
from daemon.sync.mapping.customer import tells_attributes


def customer_reader(client: AcumaticaClient) -> RecordOfSettings[CustomerWithDefinitions]:
    """Give the reader of customers: with the definitions of their attributes while those go to the shop."""
    definitions = Definitions(client)

    async def read(key: str, settings: ConnectorSettings) -> CustomerWithDefinitions | NotDone:
        customer = await read_customer(client, key)
        if isinstance(customer, NotDone):
            return customer
        told = [each for each in customer.attributes if each.value] if tells_attributes(settings) else []
        known = await definitions.of(told)
        if isinstance(known, NotDone):
            return known
        return CustomerWithDefinitions(customer=customer, definitions=known)

    return RecordOfSettings(read)
