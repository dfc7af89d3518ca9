"""What an event of `to_magento.product_status` says."""

from dataclasses import dataclass

from daemon.sync.refusal import refuse
from queues.message import ChangeEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """
    Whether one SKU is offered.

    Attributes:
        storeview: code of the store view, None for all of them.
    """

    sku: str
    storeview: str | None
    enabled: bool


def read_status(event: ChangeEvent) -> StatusChange:
    """
    Read a change of a product's status.

    Raises:
        InvalidMessage: naming the member, what was expected and what came.
    """
    came = event.data.get("status")
    if came not in ("enabled", "disabled"):
        code = "missing" if "status" not in event.data else "invalid"
        refuse(code, "data.status", 'must be "enabled" or "disabled"', came)
    return StatusChange(sku=event.subject, storeview=event.storeview, enabled=came == "enabled")


def status_data(change: StatusChange) -> dict[str, object]:
    """Give the data of the event that says *change*: what `read_status` reads back."""
    return {"status": "enabled" if change.enabled else "disabled"}
