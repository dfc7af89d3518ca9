"""`shipment`: Shipment Sync Trigger and A to M Dropship ShipVia Sync Preferences (R37, R40)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Boolean, Choice, Text

ShipmentTrigger: TypeAlias = Literal["shipment_confirmation", "invoice_release"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentPreferences:
    """
    When shipments go out.

    Attributes:
        trigger: the event of the ERP that makes a shipment go out.
        dropship_ship_via: the ship-via of dropship orders; without it their shipments are refused.
        notify: the shop mails its customer.
    """

    trigger: ShipmentTrigger = setting(Choice(("shipment_confirmation", "invoice_release")), "shipment_confirmation")
    dropship_ship_via: str | None = setting(Text(optional=True), None)
    notify: bool = setting(Boolean(), default=False)
