"""`capabilities`: add-ons of the ERP that cannot be discovered, told by the operator (R4)."""

from dataclasses import dataclass

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Boolean


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """
    Which add-ons the ERP has, and which edition the shop is.

    Attributes:
        commerce_pro: CommercePro: sales price on the item, branch-wise inventory, vendor inventory.
        product_configurator: the Kensium Product Configurator.
        magento_commerce: the shop is Adobe Commerce, which customer attributes need.
    """

    commerce_pro: bool = setting(Boolean(), default=False)
    product_configurator: bool = setting(Boolean(), default=False)
    magento_commerce: bool = setting(Boolean(), default=False)
