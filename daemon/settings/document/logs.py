"""`logging`: what the sync log keeps and for how long (R66 to R70, B10, B29)."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Boolean, Choice, Integer, Text, Texts

ACTIONS: Final = (
    "acumatica_customer_create", "acumatica_customer_update", "acumatica_customer_publisher", "acumatica_order_create",
    "product_create", "product_update", "product_publisher", "inventory_update", "inventory_publisher",
    "price_update", "price_publisher", "sales_price_update", "category_create", "category_update",
    "category_publisher", "customer_create", "customer_update", "customer_delete", "customer_publisher",
    "order_create", "order_publisher", "shipment_create", "shipment_publisher",
)  # fmt: skip
"""Enabled Connector actions."""

CleaningFrequency: TypeAlias = Literal["daily", "weekly", "monthly"]
LowestLevel: TypeAlias = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """
    The sync log.

    Attributes:
        actions: the exchanges that are logged; errors of the others are logged all the same.
        level: the least that is logged; errors always are.
        lifetime_days: older entries go at the next cleaning; 0: kept for ever.
        cleaning_frequency: how often that is.
        archive: folder of the daemon's machine that days go to before they are dropped; None: they go nowhere.
        archive_days: older files there are deleted at a cleaning; 0: kept for ever.
        report_recipients: mail addresses that errors are told to.
        bulk_notices: bulk operations are told in the status answer.
    """

    actions: tuple[str, ...] = setting(Texts(ACTIONS), tuple(each for each in ACTIONS if each != "sales_price_update"))
    level: LowestLevel = setting(Choice(("debug", "info", "warning", "error")), "debug")
    lifetime_days: int = setting(Integer(0, 3650), 15)
    cleaning_frequency: CleaningFrequency = setting(Choice(("daily", "weekly", "monthly")), "daily")
    archive: str | None = setting(
        Text(optional=True, pattern="/[^\\x00-\\x1f]*", expected="an absolute path such as /var/log/connector"), None
    )
    archive_days: int = setting(Integer(0, 3650), 30)
    report_recipients: tuple[str, ...] = setting(Texts(), ())
    bulk_notices: bool = setting(Boolean(), default=False)
