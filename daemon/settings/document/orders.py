"""`orders` and `failed_orders`: A to M Order Sync Preferences; how shop orders become the ERP's (R39, R110 to R120)."""

from dataclasses import dataclass

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Boolean, Integer, Text, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPreferences:
    """
    Orders in both directions.

    Attributes:
        types_to_shop: order types whose orders, status changes and shipments go to the shop; empty: none.
        look_back_days: a run that looks at everything takes up orders, shipments and invoices that changed within so
            many days; 0: all there ever were.
        type: the order type that shop orders get.
        real_time: shop orders go at once; otherwise with the next scheduled or manual run.
        default_sales_account, default_payment_method, default_cash_account: codes of the ERP, where a mapping gives
            none; None: not chosen.
        retry_failed, number_of_retries: whether and how often in all an order is tried.
        statuses: statuses of shop orders that go to the ERP; empty: none.
    """

    types_to_shop: tuple[str, ...] = setting(Texts(), ())
    look_back_days: int = setting(Integer(0, 3650), 30)
    type: str = setting(Text(pattern="[A-Z0-9]{2}", expected="an order type of two capitals or digits"), "SO")
    real_time: bool = setting(Boolean(), default=False)
    default_sales_account: str | None = setting(Text(optional=True), None)
    default_payment_method: str | None = setting(Text(optional=True), None)
    default_cash_account: str | None = setting(Text(optional=True), None)
    retry_failed: bool = setting(Boolean(), default=True)
    number_of_retries: int = setting(Integer(1, 1_000_000), 3)
    statuses: tuple[str, ...] = setting(Texts(), ("pending", "pending_payment", "pending_paypal", "processing"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedOrderPreferences:
    """Failed Order Sync: *number_of_days* times 24 hours back from now, by the time of the order's last failure."""

    number_of_days: int = setting(Integer(1, 3650), 1)
