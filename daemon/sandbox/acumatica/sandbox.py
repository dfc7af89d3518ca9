"""One simulated site with its switches, its journal and its push notifications."""

from dataclasses import dataclass

from daemon.sandbox.acumatica.access import Access
from daemon.sandbox.acumatica.actions import Actions
from daemon.sandbox.acumatica.catalogue import fill_default
from daemon.sandbox.acumatica.contract import Contract, load_contract
from daemon.sandbox.acumatica.faults import FaultBoard
from daemon.sandbox.acumatica.limits import Throttle
from daemon.sandbox.acumatica.push import PushDesk
from daemon.sandbox.acumatica.service import AcumaticaService
from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings
from daemon.sandbox.acumatica.site import Site
from daemon.sandbox.journal import Journal
from daemon.sandbox.listener import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class AcumaticaSandbox:
    """The parts the HTTP side works with."""

    settings: AcumaticaSandboxSettings
    contract: Contract
    site: Site
    access: Access
    service: AcumaticaService
    faults: FaultBoard
    journal: Journal
    listener: Listener
    throttle: Throttle
    push: PushDesk


def build_acumatica(settings: AcumaticaSandboxSettings) -> AcumaticaSandbox:
    """Build a site with its default records in it."""
    contract = load_contract()
    site, access = Site(contract), Access(settings)
    fill_default(site, settings.default_items)
    return AcumaticaSandbox(
        settings=settings,
        contract=contract,
        site=site,
        access=access,
        service=AcumaticaService(site, access, Actions(site, polls=settings.action_polls), settings),
        faults=FaultBoard(),
        journal=Journal(entries=settings.journal_entries, bodies=settings.journal_bodies),
        listener=Listener(),
        throttle=Throttle(concurrent=settings.concurrent_requests, per_minute=settings.requests_per_minute),
        push=PushDesk(site, company=settings.tenants[0]),
    )
