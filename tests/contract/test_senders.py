"""Every queue has its sender as soon as both systems are named, and names the one that is missing."""

from datetime import timedelta

from daemon.acumatica.tokens import MemoryTokenStore
from daemon.config import Config
from daemon.erp.opening import open_erp
from daemon.serve.senders import missing_variable, senders
from daemon.settings.connector_store import ConnectorVersions
from daemon.sync.entities import active_queues
from daemon.targets import open_store
from queues.postgres.engine import open_engine
from queues.postgres.settings import PostgresSettings
from tests.fakes.clock import FakeClock

# Nobody is asked before a message is sent, so nobody needs to be there.
NOWHERE = "http://127.0.0.1:9"
CONFIG = Config.from_env(
    {
        "CONNECTOR_BROKER_URL": "amqp://u:p@127.0.0.1/",
        "CONNECTOR_DATABASE_URL": "postgresql://u:p@127.0.0.1/d",
        "CONNECTOR_MAGENTO_URL": NOWHERE,
        "CONNECTOR_MAGENTO_TOKEN": "t",
        "CONNECTOR_ACUMATICA_URL": NOWHERE,
        "CONNECTOR_ACUMATICA_USERNAME": "u",
        "CONNECTOR_ACUMATICA_PASSWORD": "p",
    }
)


async def nobody(sku: str) -> None:
    raise AssertionError(sku)


async def test_every_active_queue_has_its_sender_and_without_a_system_its_name() -> None:
    clock, budget = FakeClock(), timedelta(minutes=1)
    settings = ConnectorVersions(PostgresSettings(open_engine(CONFIG.database_url.reveal())))
    queues = {queue.event_type for queue in active_queues("main")}
    async with (
        open_store(CONFIG.magento, clock) as store,
        open_erp(CONFIG.acumatica, clock, MemoryTokenStore()) as erp,
    ):
        without_erp = senders(store, None, settings, budget=budget, on_made=nobody)

        assert set(senders(store, erp, settings, budget=budget, on_made=nobody)) == queues
        assert set(without_erp) == {"to_magento.pricing", "to_magento.inventory", "to_magento.product_status"}
        assert senders(None, erp, settings, budget=budget, on_made=nobody) == {}
        assert {missing_variable(each, store) for each in queues - set(without_erp)} == {"CONNECTOR_ACUMATICA_URL"}
        assert {missing_variable(each, None) for each in queues} == {"CONNECTOR_MAGENTO_URL"}
