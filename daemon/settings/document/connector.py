"""The settings of one instance, all groups together, and the rules that hold between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

from daemon.settings.document.capabilities import Capabilities
from daemon.settings.document.catch_up import CatchUp
from daemon.settings.document.clocks import TimeSetting
from daemon.settings.document.customers import CustomerPreferences
from daemon.settings.document.endpoints import Endpoints
from daemon.settings.document.entities import EntitySwitches
from daemon.settings.document.groups import group, read_group, setting, write_group
from daemon.settings.document.inventory import InventoryPreferences
from daemon.settings.document.invoice import InvoicePreferences
from daemon.settings.document.logs import Logging
from daemon.settings.document.mappings import Mappings
from daemon.settings.document.orders import FailedOrderPreferences, OrderPreferences
from daemon.settings.document.price import PricePreferences
from daemon.settings.document.products import ProductPreferences
from daemon.settings.document.rules import RULES, SyncRule
from daemon.settings.document.schema import Schemas
from daemon.settings.document.shipment import ShipmentPreferences
from daemon.settings.document.syncs import CEILINGS, TITLES, Syncs
from daemon.settings.document.warehouse import WarehouseDetails
from queues.errors import InvalidSettings, SettingFault


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorSettings:
    """
    What one scope works with; a snapshot is taken where work begins and holds to its end.

    The Queue Processing Settings are kept apart (`queues.settings`); the document shows them as its group `queue`.
    """

    capabilities: Capabilities = group(Capabilities)
    price: PricePreferences = group(PricePreferences)
    inventory: InventoryPreferences = group(InventoryPreferences)
    products: ProductPreferences = group(ProductPreferences)
    shipment: ShipmentPreferences = group(ShipmentPreferences)
    invoice: InvoicePreferences = group(InvoicePreferences)
    customers: CustomerPreferences = group(CustomerPreferences)
    orders: OrderPreferences = group(OrderPreferences)
    failed_orders: FailedOrderPreferences = group(FailedOrderPreferences)
    warehouse: WarehouseDetails = group(WarehouseDetails)
    entities: EntitySwitches = group(EntitySwitches)
    syncs: Syncs = group(Syncs)
    catch_up: CatchUp = group(CatchUp)
    schema: Schemas = group(Schemas)
    mappings: Mappings = group(Mappings)
    endpoints: Endpoints = group(Endpoints)
    logging: Logging = group(Logging)
    rules: tuple[SyncRule, ...] = setting(RULES, ())
    time: TimeSetting = group(TimeSetting)

    @classmethod
    def from_document(cls, document: object, *, path: str = "") -> Self:
        """
        Read the JSON form; what is left out takes its default.

        Raises:
            InvalidSettings: naming every field at fault.
        """
        faults: list[SettingFault] = []
        settings = read_group(cls, document, path, faults)
        readable = _readable(cls, document) if settings is None else settings
        faults += (
            replace(fault, field=f"{path}.{fault.field}" if path else fault.field)
            for fault in _faults_between(readable)
        )
        if faults or settings is None:
            raise InvalidSettings(faults)
        return settings

    def to_document(self) -> dict[str, Any]:
        """Give the JSON form, every setting told."""
        return write_group(self)


_AllT = TypeVar("_AllT", bound=ConnectorSettings)


def _readable(settings_class: type[_AllT], document: object) -> _AllT:
    """Read the groups that can be, so that the faults between them are told together with those inside others."""
    groups = {}
    for name, value in document.items() if isinstance(document, Mapping) else ():
        alone = read_group(settings_class, {name: value}, "", [])
        if alone is not None:
            groups[name] = getattr(alone, name)
        elif name == "capabilities":
            # What they are is told wrong already: nothing more is said because of them.
            groups[name] = Capabilities(commerce_pro=True, product_configurator=True, magento_commerce=True)
    return settings_class(**groups)


def _faults_between(settings: ConnectorSettings) -> Iterator[SettingFault]:
    """Find what each group allows but all of them together do not."""
    yield from _capability_faults(settings)
    for name, allowed in CEILINGS.items():
        direction = settings.syncs.named(name).direction
        if direction not in allowed:
            yield SettingFault(
                field=f"syncs.{name}.direction",
                expected=f"{' or '.join(allowed)} for the {TITLES[name]}",
                value=direction,
            )
    for place, rule in enumerate(settings.rules):
        if not rule.conditions:
            yield SettingFault(field=f"rules[{place}].conditions", expected="one condition or more", value=[])
    for place, group_mapping in enumerate(settings.mappings.customer_groups):
        if group_mapping.group.casefold() == "not logged in":
            yield SettingFault(
                field=f"mappings.customer_groups[{place}].group",
                expected="a group that customers can be in",
                value=group_mapping.group,
            )


def _capability_faults(settings: ConnectorSettings) -> Iterator[SettingFault]:
    can, needs_pro = settings.capabilities, "unless capabilities.commerce_pro is true"
    if settings.price.source == "sales_price" and not can.commerce_pro:
        yield SettingFault(field="price.source", expected=f"default_price {needs_pro}", value="sales_price")
    if settings.inventory.mode == "branch_wise" and not can.commerce_pro:
        yield SettingFault(field="inventory.mode", expected=f"configured {needs_pro}", value="branch_wise")
    if settings.inventory.vendor_quantity != "none" and not can.commerce_pro:
        yield SettingFault(
            field="inventory.vendor_quantity", expected=f"none {needs_pro}", value=settings.inventory.vendor_quantity
        )
    if settings.products.configurable_source == "product_configurator" and not can.product_configurator:
        yield SettingFault(
            field="products.configurable_source",
            expected="none or matrix_item unless capabilities.product_configurator is true",
            value="product_configurator",
        )
    if settings.customers.attributes_to_shop and not can.magento_commerce:
        yield SettingFault(
            field="customers.attributes_to_shop",
            expected="false unless capabilities.magento_commerce is true (Adobe Commerce)",
            value=True,
        )
