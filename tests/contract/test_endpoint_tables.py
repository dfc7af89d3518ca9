"""An edited endpoint is where the very next request of either side goes; as shipped nothing changes."""

from daemon.acumatica.client import NotDone
from daemon.acumatica.reading import Reading, read_one
from daemon.serve.endpoints import RoutesInForce
from daemon.settings.connector_store import ConnectorVersions
from daemon.settings.document.endpoints import MAGENTO
from daemon.settings.document.scopes import SettingsDocument
from queues.postgres.audit import Act
from queues.postgres.engine import open_engine
from queues.postgres.settings import PostgresSettings
from queues.settings import QueueProcessingSettings
from queues.verdicts import Delivered
from tests.acumatica_client import speaking
from tests.acumatica_site import site
from tests.contract.test_magento_pricing import SAVED, message, sender
from tests.fakes.magento_store import scripted_store

ACT = Act(actor="tests")


async def put(documents: ConnectorVersions, **endpoints: list[dict[str, str]]) -> None:
    document = SettingsDocument.from_document({"endpoints": endpoints})
    await documents.replace(document, QueueProcessingSettings(), ACT, based_on=None)


async def test_the_next_request_to_the_shop_goes_where_the_table_says_now(database: str) -> None:
    engine = open_engine(database)
    documents = ConnectorVersions(PostgresSettings(engine))
    pricing = next(row for row in MAGENTO if row.action == "pricing")
    row = {"action": "pricing", "label": pricing.label, "method": "PUT", "url": "V1/acme/prices"}
    try:
        async with scripted_store(lambda _: SAVED, routing=RoutesInForce(documents, "magento")) as store:
            before = await sender(store).send([message("A-1")])
            await put(documents, magento=[row])
            after = await sender(store).send([message("A-1")])
            await put(documents)
            back = await sender(store).send([message("A-1")])
            sent = [(each.method, each.path) for each in store.requests]
    finally:
        await engine.dispose()

    assert [type(verdict) for verdict in (*before, *after, *back)] == [Delivered] * 3
    assert sent == [
        ("POST", "/rest/all/V1/products/base-prices"),
        ("PUT", "/rest/all/V1/acme/prices"),
        ("POST", "/rest/all/V1/products/base-prices"),
    ]
    assert after[0].exchange is not None
    assert after[0].exchange.request == "PUT /rest/all/V1/acme/prices"


async def test_the_next_request_to_the_erp_goes_where_the_table_says_now(database: str) -> None:
    engine = open_engine(database)
    documents = ConnectorVersions(PostgresSettings(engine))
    row = {"action": "stock_item", "label": "Stock Item", "method": "GET", "url": "KNStockItem"}
    reading = Reading(entity="StockItem", fields=("InventoryID",))
    try:
        async with (
            site(sign_in=False) as bare,
            speaking(bare, routing=RoutesInForce(documents, "acumatica")) as client,
        ):
            before = await read_one(client, reading, ("AC-1000",))
            await put(documents, acumatica=[row])
            after = await read_one(client, reading, ("AC-1000",))
            journal = (await bare.control("GET", "requests"))["items"]
    finally:
        await engine.dispose()

    assert not isinstance(before, NotDone)
    assert isinstance(after, NotDone)
    paths = [each["path"].partition("?")[0].partition("24.200.001/")[2] for each in journal]
    assert [path for path in paths if path] == ["StockItem/AC-1000", "KNStockItem/AC-1000"]
