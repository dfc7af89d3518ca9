"""What an event of `to_magento.product_status` says."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from daemon.sync.refusal import refuse
from queues.message import ChangeEvent

WhenMissing: TypeAlias = Literal["refuse", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """
    Whether one SKU is offered.

    Attributes:
        storeview: code of the store view, None for all of them.
        when_missing: what becomes of it where the shop does not have the product: `skip`, as change capture says, for
            the product's own message brings its status along; otherwise it is refused.
    """

    sku: str
    storeview: str | None
    enabled: bool
    when_missing: WhenMissing = "refuse"


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
    missing = event.data.get("when_missing", "refuse")
    if missing not in ("refuse", "skip"):
        refuse("invalid", "data.when_missing", 'must be "refuse" or "skip"', missing)
    return StatusChange(
        sku=event.subject,
        storeview=event.storeview,
        enabled=came == "enabled",
        when_missing="skip" if missing == "skip" else "refuse",
    )


def status_data(change: StatusChange) -> dict[str, object]:
    """Give the data of the event that says *change*: what `read_status` reads back."""
    told = {"when_missing": "skip"} if change.when_missing == "skip" else {}
    return {"status": "enabled" if change.enabled else "disabled", **told}
