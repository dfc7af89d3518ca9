"""One sandbox: a simulated shop with its switches and its journal."""

from dataclasses import dataclass

from daemon.sandbox.default_catalogue import fill_default
from daemon.sandbox.faults import FaultBoard
from daemon.sandbox.journal import Journal
from daemon.sandbox.listener import Listener
from daemon.sandbox.magento.access import Access
from daemon.sandbox.magento.contract import load_contract
from daemon.sandbox.magento.schema import ContractChecker
from daemon.sandbox.magento.service import MagentoService
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.settings import SandboxSettings, ShopConfiguration


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The parts the HTTP side works with; `checker` is None while validation is off."""

    settings: SandboxSettings
    shop: Shop
    service: MagentoService
    faults: FaultBoard
    journal: Journal
    listener: Listener
    checker: ContractChecker | None


def build_sandbox(settings: SandboxSettings) -> Sandbox:
    """Build a sandbox with the default catalogue in it."""
    configuration = ShopConfiguration()
    faults = FaultBoard()
    shop = Shop(configuration, veto=faults)
    fill_default(shop, settings.default_products)
    contract = load_contract()
    return Sandbox(
        settings=settings,
        shop=shop,
        service=MagentoService(shop, Access(settings, configuration), contract),
        faults=faults,
        journal=Journal(entries=settings.journal_entries, bodies=settings.journal_bodies),
        listener=Listener(),
        checker=ContractChecker(contract) if settings.validate else None,
    )
